"""`diagnostics.nearest`: the name that was meant, of however many, and at a bounded cost."""

from __future__ import annotations

from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.directory.diagnostics import MAX_COMPARED, MAX_WORD, nearest

NAMES = tuple(f"team-{number % 40}/agent-{number:05}" for number in range(5_000))
words = st.text(st.sampled_from("abc/-"), max_size=12)


@given(st.sampled_from(NAMES), st.data())
def test_a_slip_is_found_among_thousands(name: str, data: st.DataObject) -> None:
    """One letter that is wrong, missing or too many still leads to a name as near as that."""
    place = data.draw(st.integers(0, len(name) - 1))
    slip = data.draw(st.sampled_from(("", "x", name[place] + "x")))

    hint = nearest(name[:place] + slip + name[place + 1 :], (*NAMES, name))

    assert hint.startswith("did you mean ")


@given(words, st.lists(words))
def test_order_means_nothing(word: str, known: list[str]) -> None:
    """The same names give the same hint, however a set happens to be ordered."""
    assert nearest(word, known) == nearest(word, reversed(known)) == nearest(word, set(known))


@given(words, st.lists(words))
def test_only_known_names(word: str, known: list[str]) -> None:
    """What is told is a name that there is, and a name that there is is told of itself."""
    hint = nearest(word, known)

    assert not hint or hint in {f"did you mean {each!r}?" for each in known}
    if word and word in known:
        assert hint == f"did you mean {word!r}?"


def test_few_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names there are, the slow comparison sees few of them."""
    seen: list[int] = []

    def counted(word: str, known: list[str], n: int) -> list[str]:
        seen.append(len(known))
        return get_close_matches(word, known, n=n)

    monkeypatch.setattr("authz.directory.diagnostics.get_close_matches", counted)

    assert nearest("team-7/agnt-00007", NAMES) == "did you mean 'team-7/agent-00007'?"
    assert seen == [MAX_COMPARED]


def test_no_hint_to_a_word_without_end() -> None:
    """A word of megabytes is compared with nothing."""
    assert nearest("a" * (MAX_WORD + 1), ["a" * MAX_WORD]) == ""
    assert nearest("a" * MAX_WORD, ["a" * MAX_WORD]) != ""
