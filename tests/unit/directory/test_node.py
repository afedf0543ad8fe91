"""`directory.node`: a mapping is what its document says, in one spelling, and stays so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from authz.directory.documents import SPECS
from authz.directory.node import Node, exactly_one


class Pair(Node):
    """Two optional members."""

    first_one: str | None = None
    other: int | None = None


def test_members() -> None:
    """Members are written in camel case."""
    assert Pair.model_validate({"firstOne": "a", "other": 1}).first_one == "a"


@pytest.mark.parametrize(
    "said",
    [{"first_one": "a"}, {"another": 1}, {"other": "1"}, {"other": True}, {"firstOne": 1}],
    ids=str,
)
def test_no_members(said: dict[str, object]) -> None:
    """Nothing is passed over, and nothing is taken for something else."""
    with pytest.raises(ValidationError):
        Pair.model_validate(said)


def test_frozen() -> None:
    """What was read stays as it was read."""
    with pytest.raises(ValidationError, match="frozen"):
        Pair().other = 1  # type: ignore[misc]


@pytest.mark.parametrize("said", [{}, {"firstOne": "a", "other": 0}], ids=str)
def test_exactly_one(said: dict[str, object]) -> None:
    """One of several members is there: neither none nor two of them, zero included."""
    exactly_one(Pair.model_validate({"other": 0}), "first_one", "other")
    with pytest.raises(ValueError, match="exactly one of firstOne, other"):
        exactly_one(Pair.model_validate(said), "first_one", "other")


def members() -> Iterator[tuple[str, FieldInfo]]:
    """Give every member of every kind of document."""
    kinds = [Node]
    while kinds:
        kind = kinds.pop()
        kinds.extend(kind.__subclasses__())
        yield from ((f"{kind.__name__}.{name}", each) for name, each in kind.model_fields.items())


def test_no_default_is_copied() -> None:
    """What pydantic would copy for each document, member by member, is made by a factory."""
    copied = [name for name, each in members() if isinstance(each.default, (list, dict, set))]

    assert len(list(members())) > len(SPECS)
    assert copied == []
