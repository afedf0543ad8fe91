"""Places of mistakes: whatever is wrong with a policy, it is told at a character of its file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.directory.diagnostics import Diagnostic, InvalidWorld
from authz.directory.load import load_directory
from authz.policy.load import load_policies
from authz.policy.statements import tokens
from tests.broken.rows import WORLD
from tests.unit.directory.changes import sound

DIRECTORY = load_directory(sound())[0]
FILES = {name: text for name, text in WORLD.items() if name.endswith(".cedar")}
WORDS = ("", ";", "@", "(", ")", "}", "&&", "has", "permit", "nope", '"', '"x"', "日", "\n\t", "5")


def told_of(files: dict[str, str]) -> tuple[Diagnostic, ...]:
    """Give what is told of *files*, warnings too."""
    try:
        return load_policies({name: text.encode() for name, text in files.items()}, DIRECTORY)[1]
    except InvalidWorld as error:
        return error.diagnostics


@pytest.mark.parametrize("file", FILES)
@given(st.data())
def test_places_exist(file: str, data: st.DataObject) -> None:
    """A token that is left out, doubled or another leads to a place that the file has."""
    token = data.draw(st.sampled_from([*tokens(FILES[file])]))
    word = data.draw(st.sampled_from((*WORDS, token.group() * 2)))
    text = f"{FILES[file][: token.start()]}{word}{FILES[file][token.end() :]}"

    told = told_of({**FILES, file: text})

    for each in told:
        lines = (text if each.position.file == file else FILES[each.position.file]).split("\n")
        assert 1 <= each.position.line <= len(lines)
        assert 1 <= each.position.column <= len(lines[each.position.line - 1]) + 1
    assert told == told_of({**FILES, file: text})
