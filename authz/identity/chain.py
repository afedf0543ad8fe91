"""The `act` claim: who acts, and who acted before (RFC 8693 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable

from authz.model.principals import MAX_CHAIN, Actor
from authz.model.strict_json import JSON


class ChainMalformed(ValueError):
    """An `act` that names no chain of (`iss`, `sub`) pairs of at most `MAX_CHAIN` hops."""


def read_act(act: JSON) -> tuple[Actor, ...]:
    """
    Read an `act` claim, the current actor first.

    Raises:
        ChainMalformed: a level is no object with strings `iss` and `sub`, or
            there are more than `MAX_CHAIN`. A chain is never cut to fit.
    """
    actors: list[Actor] = []
    level = act
    while level is not None:
        if len(actors) == MAX_CHAIN:
            raise ChainMalformed(f"more than {MAX_CHAIN} actors")
        if not isinstance(level, dict):
            raise ChainMalformed("a level of act is no object")
        iss, sub = level.get("iss"), level.get("sub")
        if not isinstance(iss, str) or not isinstance(sub, str) or not iss or not sub:
            raise ChainMalformed("a level of act lacks iss or sub")
        actors.append(Actor(iss, sub))
        level = level.get("act")
    if not actors:
        raise ChainMalformed("act is null")
    return tuple(actors)


def write_act(actors: Iterable[Actor]) -> dict[str, JSON] | None:
    """Write actors, the current one first, as an `act` claim; None for none."""
    act: dict[str, JSON] | None = None
    for actor in reversed(tuple(actors)):
        inner: dict[str, JSON] = {"act": act} if act else {}
        act = {"iss": actor.iss, "sub": actor.sub, **inner}
    return act
