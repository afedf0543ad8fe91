"""`model.masking`: a value is shown where its owner opened it, and nowhere else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from authz.model.masking import MAX_TEXT, shown
from authz.model.strict_json import JSON

LONGEST = f"/{'x' * (MAX_TEXT - 2)}"
CUT = f"/{'x' * (MAX_TEXT - 1)}"

LEAVES: tuple[tuple[JSON, str, object], ...] = (
    (None, "null", None),
    (True, "boolean", True),
    (5, "integer", 5),
    (Decimal("1.10"), "number", "1.10"),
    (Decimal("1e-400"), "number", "1E-400"),
    ("tides", "string", "tides"),
    ("x" * (MAX_TEXT + 1), "string", "x" * MAX_TEXT),
    ([], "array", []),
    ({}, "object", {}),
)


@pytest.mark.parametrize(("value", "kind", "written"), LEAVES, ids=repr)
def test_leaf(value: JSON, kind: str, written: object) -> None:
    """The value of an opened leaf is shown as JSON, cut; of any other its type alone."""
    assert shown("/a", value, {"/a"}) == {"type": kind, "value": written}
    for others in (frozenset[str](), {"a"}, {"/"}, {"/a/b"}, {"/A"}, {""}):
        assert shown("/a", value, others) == {"type": kind}


@pytest.mark.parametrize(("value", "kind"), [(["s"], "array"), ({"b": "s"}, "object")])
def test_what_others_lie_in(value: JSON, kind: str) -> None:
    """To open a place opens nothing that lies below it."""
    assert shown("/a", value, {"/a"}) == {"type": kind}


def test_pointer_that_may_have_been_cut() -> None:
    """A pointer that two arguments may share opens neither."""
    assert shown(LONGEST, 1, {LONGEST}) == {"type": "integer", "value": 1}
    assert shown(CUT, 1, {CUT}) == {"type": "integer"}
