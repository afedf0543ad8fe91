"""What of a caller's own words policies look at: to decide again, it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from authz.directory.offers import Offer
from authz.model.pointer import extend
from authz.policy.compiled import Policies
from authz.policy.offers import offer_action, offer_groups
from authz.policy.paths import ARGUMENTS, HEADERS, INPUT, path_of
from authz.policy.question import PolicyRef

WHOLE = ""
"""The pointer of all arguments: a policy that compares them as a whole, or computes a name."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Values of a call that somebody who decides again does not have."""

    arguments: frozenset[str] = frozenset()
    """By JSON Pointer."""

    headers: frozenset[str] = frozenset()
    """By lower-case name."""

    def touches(self, arguments: Set[str], headers: Set[str]) -> bool:
        """Say whether one of these is masked: it, or what is above or below it."""
        return (
            any(_overlap(one, other) for one in self.arguments for other in arguments)
            or not self.headers.isdisjoint(headers)
            or bool(self.headers and WHOLE in headers)
        )


NOTHING_MASKED = Masked()


def readers_of(masked: Masked, offer: Offer, policies: Policies) -> Iterator[PolicyRef]:
    """
    Give the policies about *offer* that read a value which is *masked*.

    That something is there, `has` and `hasTag` may ask: names and types are known.
    Where it is not plain what is read, all is taken to be.
    """
    # Rules see an argument under its name in small letters as well.
    folded = frozenset(pointer.casefold() for pointer in masked.arguments)
    masked = replace(masked, arguments=masked.arguments | folded)
    actions = {offer_action(offer), *offer_groups(offer)}
    for policy in policies.by_engine_id.values():
        form = policy.source.policy
        if _is_about(form["action"], actions):
            arguments = frozenset(_arguments_in(form["conditions"]))
            headers = frozenset(_tags_in(form["conditions"], HEADERS))
            if masked.touches(arguments, headers):
                yield policy.ref


def _is_about(scope: Mapping[str, Any], actions: Set[str]) -> bool:
    named = [scope["entity"]] if "entity" in scope else scope.get("entities")
    return named is None or any(entity["id"] in actions for entity in named)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _arguments_in(form: Any) -> Iterator[str]:
    """Give the pointers of the arguments whose values *form* reads."""
    yield from _tags_in(form, ARGUMENTS)
    yield from _inputs_in(form)


def _inputs_in(form: Any) -> Iterator[str]:
    path = path_of(form) if isinstance(form, dict) else ()
    if path:
        if path[: len(INPUT)] == INPUT:
            yield _pointer(path[len(INPUT) :])
        elif path == INPUT[: len(path)]:
            yield WHOLE
        return
    if isinstance(form, dict) and path_of(form.get("has", {}).get("left", {})):
        return
    for inner in _inner(form):
        yield from _inputs_in(inner)


def _tags_in(form: Any, base: tuple[str, ...]) -> Iterator[str]:
    """Give the names of the tags of *base* that *form* reads; `WHOLE` for a computed one."""
    if isinstance(form, dict) and "getTag" in form:
        left, name = form["getTag"]["left"], form["getTag"]["right"]
        if path_of(left) in (base, ()):
            yield name["Value"] if isinstance(name.get("Value"), str) else WHOLE
    for inner in _inner(form):
        yield from _tags_in(inner, base)


def _inner(form: Any) -> Iterable[Any]:
    if isinstance(form, dict):
        return form.values()
    return form if isinstance(form, list) else ()


def _pointer(names: tuple[str, ...]) -> str:
    pointer = WHOLE
    for name in names:
        pointer = extend(pointer, name)
    return pointer
