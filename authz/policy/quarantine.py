"""Tools whose arguments clash with a general policy: they are taken away, and the rest loads.

A general policy speaks of many tools, by a group of actions. Where the types of
one tool's arguments do not fit it, the engine would skip it for that tool, and
a forbid that is skipped forbids nothing. So nobody can call the tool: step 6
refuses it, and the engine is not told of its action. All other tools keep their
types, and every policy stays.

What is no fault of the tool stays a mistake: a policy that names the tool, that
is wrong whatever a tool takes, that lies in a tier which has no say over the
tool, or that clashes with more than `MAX_CLASHES` tools.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cedarpy import Schema, validate_policies

from authz.policy.engine_words import without_id
from authz.policy.names import nodes_of
from authz.policy.schema import AT_ONCE, schema_text, tool_action
from authz.policy.shapes import Kind, Shape
from authz.policy.source import Sourced
from authz.policy.tiers import speaks_of

MAX_CLASHES = 8
"""Tools that one policy may clash with; with more, it is the policy that is wrong."""

_BARE = tuple((f"bare/{action}", action, Shape(Kind.OBJECT)) for action in ("read", "write"))
"""Tools without arguments, of which every policy must be able to speak."""

ToolRow = tuple[str, str, Shape]
"""Name, action (`read` or `write`) and shape of the arguments, as `schema_text` takes it."""

RouteRow = tuple[str, str]
"""Name and action of an HTTP route, as `schema_text` takes it. No argument of it can clash."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Why a tool is quarantined."""

    policy: Sourced
    says: str
    """The engine's words."""

    def __str__(self) -> str:
        name = self.policy.source.annotations.get("id")
        return f"its arguments clash with policy {name} ({self.policy.position}): {self.says}"


class Quarantine:
    """Finds the tools that policies clash with."""

    def __init__(self, tools: Iterable[ToolRow], routes: Sequence[RouteRow] = ()) -> None:
        """Look among *tools*, which are all that are declared, beside *routes*."""
        self._tools = {row[0]: row for row in tools}
        self._routes = routes

    def clashes(self, suspects: Iterable[Sourced]) -> Mapping[str, Clash]:
        """
        Give the tools to quarantine, by name, so that *suspects* fit all others.

        Args:
            suspects: Policies that the validator refuses with all tools. The
                global tier's come first: what they quarantine concerns no other.
        """
        found: dict[str, Clash] = {}
        for suspect in sorted(suspects, key=lambda each: (each.source.guard, each.position)):
            odd = self._odd(suspect, found)
            if len(odd) <= MAX_CLASHES and all(
                speaks_of(suspect.position.file, tool) for tool in odd
            ):
                found |= {tool: Clash(suspect, self._refusal(suspect, [tool])) for tool in odd}
        return found

    def still_refuses(self, suspect: Sourced, quarantined: Collection[str]) -> bool:
        """Say whether *suspect* is wrong even without *quarantined* tools that it never names."""
        if self._refusal(suspect, []):
            # What is wrong whatever tools take is told without all of them, which takes long.
            return True
        left = [tool for tool in self._tools if tool not in quarantined]
        return any(self._refusal(suspect, some) for some in _parts(left))

    def _odd(self, suspect: Sourced, quarantined: Collection[str]) -> Sequence[str]:
        """
        Give the tools that *suspect* clashes with, as far as the search goes.

        None of them is one that it names: those are always among what it is tried with.
        """
        if self._refusal(suspect, []):
            return []
        candidates = [tool for tool in self._tools if tool not in quarantined]
        search = (tool for some in _parts(candidates) for tool in self._search(suspect, some))
        return [tool for tool, _ in zip(search, range(MAX_CLASHES + 1), strict=False)]

    def _search(self, suspect: Sourced, candidates: Sequence[str]) -> Iterator[str]:
        """Give the odd ones of *candidates*: halves without any are passed over as a whole."""
        if not self._refusal(suspect, candidates):
            return
        if len(candidates) == 1:
            yield candidates[0]
            return
        middle = len(candidates) // 2
        yield from self._search(suspect, candidates[:middle])
        yield from self._search(suspect, candidates[middle:])

    def _refusal(self, suspect: Sourced, tools: Sequence[str]) -> str:
        """Give what the validator says of *suspect* with those it names, and *tools*, alone."""
        names = {*tools, *(tool for tool in _named(suspect) if tool in self._tools)}
        rows = [*_BARE, *(self._tools[name] for name in names)]
        schema = Schema.from_str(schema_text(rows, self._routes))
        errors = validate_policies(suspect.source.text, schema).errors
        return min((without_id(error.error) for error in errors), default="")


def _parts(tools: Sequence[str]) -> Iterator[Sequence[str]]:
    """Give *tools* some at a time: with many at once the engine takes longer for each."""
    return (tools[start : start + AT_ONCE] for start in range(0, len(tools), AT_ONCE))


def _named(suspect: Sourced) -> Iterator[str]:
    """Give the tools that a policy names, by itself or by its action."""
    for node in nodes_of(suspect.source.policy):
        match node:
            case {"type": "Action" | "Tool", "id": str(name)}:
                yield name.removeprefix(tool_action(""))
