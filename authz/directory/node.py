"""What every mapping of a document has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Node(BaseModel):
    """
    A mapping of a document: no unknown members, no conversions, frozen.

    Members that may be left out have a factory: a list as a default is copied
    whenever it is used, in Python, which took half of the time of all typing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=to_camel)


def exactly_one(node: Node, *names: str) -> None:
    """
    Check that one of the optional members *names* is there.

    Raises:
        PydanticCustomError: none is, or several are.
    """
    if sum(getattr(node, name) is not None for name in names) != 1:
        raise PydanticCustomError(
            "grammar",
            "expected exactly one of {names}",
            {"names": ", ".join(map(to_camel, names))},
        )
