"""Every wall of the directory, by documents that run into it: place, message and way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Severity
from authz.directory.load import load_directory
from tests.unit.directory.changes import BROKEN, ROOT, apply, changed, sound


def mistakes_in(files: Mapping[str, bytes]) -> tuple[Diagnostic, ...]:
    """Give the mistakes that keep *files* from loading, without the warnings beside them."""
    with pytest.raises(InvalidWorld) as invalid:
        load_directory(files)
    return tuple(row for row in invalid.value.diagnostics if row.severity is Severity.ERROR)


def test_sound_directory_loads() -> None:
    """What every row below changes has no mistake, and one warning of what is not used yet."""
    directory, (warning,) = load_directory(sound())

    assert "nothing decides by this yet" in warning.message
    assert set(directory.targets) == {"tools/docs", "research/writer"}


@pytest.mark.parametrize("row", BROKEN, ids=lambda row: row["name"])
def test_broken(row: Mapping[str, Any]) -> None:
    """The mistake is reported where it stands, with the way out, and nothing beside it."""
    found = mistakes_in(changed(row))

    assert len(found) == row.get("of", 1), found
    first = next(mistake for mistake in found if row["says"] in mistake.message)
    assert str(first.position) == ROOT + row["at"]
    assert row.get("hint", "") in first.hint


def test_only_a_cell_is_a_cell() -> None:
    """A document of another kind that has a Cell's name neither claims nor bounds anything."""
    row = "apiVersion: narrowgate.dev/v1alpha1\nkind: Role\nmetadata: {name: research}\n"
    role = f'{row}spec: {{members: [{{group: corp/researchers}}], scopes: ["docs:read"]}}\n'
    files = sound() | {f"{ROOT}global/z.yaml": role.encode()}

    assert load_directory(files)[0].agents == load_directory(sound())[0].agents


def test_enough_walls() -> None:
    """No row hides another by its name, and there are as many as there were."""
    assert len({row["name"] for row in BROKEN}) == len(BROKEN) >= 180


TOGETHER = ("Gate in a namespace", "no owner", "path with a step", "scope with a star", "no name")


def test_all_at_once() -> None:
    """Mistakes of several files are reported together, sorted by place."""
    rows = [row for row in BROKEN if row["name"] in TOGETHER]
    files = sound()
    for row in rows:
        apply(row, files)

    found = mistakes_in(files)

    assert len(rows) == len(TOGETHER)
    assert [*found] == sorted(found, key=lambda mistake: mistake.position)
    for row in rows:
        assert any(row["says"] in mistake.message for mistake in found), row["name"]
    assert {mistake.position.file for mistake in found} == {ROOT + row["file"] for row in rows}


def test_several_in_one_document() -> None:
    """Every member of a document is looked at, not only the first that is wrong."""
    files = sound()
    name = f"{ROOT}global/gate.yaml"
    text = files[name].decode()
    for old, new in (("60s", "1h"), ("Europe/Berlin", "Bonn"), ("[example.org]", "[]")):
        text = text.replace(old, new)
    files[name] = text.encode()

    assert len(mistakes_in(files)) == 3


def test_what_documents_say_about_each_other_comes_second() -> None:
    """References are checked once each document says what it is: no mistake is told twice."""
    files = sound()
    for name in ("connection to nobody", "kind a number"):
        apply(next(row for row in BROKEN if row["name"] == name), files)

    (only,) = mistakes_in(files)

    assert "expected a kind" in only.message


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (b"a: \xff\n", "1:1"),
        (b"a: 1\nb: 2\nc: \xe9\n", "3:1"),
        ("a: 1\n".encode("utf-16"), "1:1"),
    ],
)
def test_not_utf_8(text: bytes, at: str) -> None:
    """A file in another encoding is named with the line that cannot be read."""
    files = {**sound(), f"{ROOT}global/more.yaml": text}

    (mistake,) = mistakes_in(files)

    assert str(mistake.position) == f"{ROOT}global/more.yaml:{at}"
    assert mistake.message == "the file is not UTF-8"


def test_nothing_at_all() -> None:
    """An empty directory is no world."""
    (mistake,) = mistakes_in({})

    assert mistake.message == "no document declares the Gate"


@pytest.mark.parametrize("name", ["ns/tools/README.md", "README.md", "global/extra.json"])
def test_files_beside_documents(name: str) -> None:
    """Texts for people, and schemas that no tool refers to, change nothing."""
    assert load_directory({**sound(), ROOT + name: b"\xff not read"}) == load_directory(sound())


def test_order_of_files_means_nothing() -> None:
    """The same files in another order are the same directory."""
    files = sound()

    assert load_directory(dict(reversed(files.items()))) == load_directory(files)
