"""What is recorded is enough to decide again, whatever the world, the parties and the arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from authz.audit.arguments import rows_of
from authz.commands.replay import replay
from authz.model.masking import MAX_TEXT
from authz.model.pointer import look_up
from authz.trial.arguments import Incomplete, rebuilt
from tests.laws.deciding import answer, decision_point_of
from tests.laws.drafts import drafts
from tests.laws.parties import Draft

names = st.text(max_size=4)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.text(max_size=8),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(names, values, max_size=4)


@given(drafts)
def test_decided_again(draft: Draft) -> None:
    """Verdict, reason, step and policies come out of the record as they went in."""
    again = replay(answer(draft).record, decision_point_of(draft).world)

    assert not again.differs, again.differs
    assert not again.missing


def listed(sent: dict[str, Any], opened: frozenset[str]) -> Mapping[str, Mapping[str, Any]]:
    """Give the arguments as a line of the log has them."""
    rows: Mapping[str, Mapping[str, Any]] = json.loads(json.dumps(rows_of(sent, opened)))
    return rows


def _pointers(value: Any, at: str = "") -> set[str]:
    """Give the pointers of everything in *value*, the whole left out."""
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    found = set()
    for name, inner in rows:
        pointer = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        found.add(pointer)
        if isinstance(inner, (dict, list)):
            found |= _pointers(inner, pointer)
    return found


def _kind(value: Any) -> type:
    return Decimal if isinstance(value, Decimal) else type(value)


@given(arguments)
def test_arguments_keep_their_shape(sent: dict[str, Any]) -> None:
    """Masked arguments come back with every name and type; what is made up is named."""
    try:
        whole, masked = rebuilt(listed(sent, frozenset()))
    except Incomplete:
        assert len(_pointers(sent)) > 64
        return

    assert _pointers(whole) == _pointers(sent)
    for pointer in _pointers(sent):
        one, other = look_up(sent, pointer), look_up(whole, pointer)
        assert _kind(one) is _kind(other)
        assert pointer in masked or one is None or isinstance(one, (dict, list))


@given(arguments)
def test_opened_arguments_are_the_same(sent: dict[str, Any]) -> None:
    """What the tool opens comes back as it was."""
    try:
        whole, masked = rebuilt(listed(sent, frozenset(_pointers(sent))))
    except Incomplete:
        return

    assert (whole, masked) == (sent, frozenset())


def test_a_cut_text_is_made_up() -> None:
    """A text of which the record holds the beginning only is not known."""
    rows = listed({"a": "x" * (MAX_TEXT + 1)}, frozenset({"/a"}))

    assert rebuilt(rows)[1] == {"/a"}
