"""A policy as the row of conditions that must all hold: its conjuncts, in the engine's order.

First the guard of its tier, then what its scope asks, then its conditions,
split at `&&`. An `unless { a || b }` asks for `!a` and `!b`. What stands within
`||` or `if` at the top stays whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from authz.policy.cedar_text import Form, text_of
from authz.policy.source import conditions_of
from authz.policy.statements import tokens
from authz.policy.written import Policy

_MOVED = frozenset({"(", ")", "!", ","})
"""Tokens that differ between what an author wrote and how a conjunct is written here."""


class Part(StrEnum):
    """Where in its policy a conjunct stands."""

    TIER = "tier"
    PRINCIPAL = "principal"
    ACTION = "action"
    RESOURCE = "resource"
    WHEN = "when"
    UNLESS = "unless"


SCOPE = (Part.PRINCIPAL, Part.ACTION, Part.RESOURCE)


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One condition of a policy."""

    part: Part
    form: Form
    """As the engine's JSON form (EST)."""

    text: str
    """As Cedar, on one line; what `unless` takes away is written with `!`."""

    line: int
    """In the policy's file; the policy's own first line where the condition is not found."""


def conjuncts_of(policy: Policy) -> tuple[Conjunct, ...]:
    """Give all conjuncts of *policy*; it holds exactly where each of them is true."""
    rows = [*_forms(policy)]
    lines = _lines(policy, [(part, text_of(form)) for part, form in rows])
    return tuple(
        Conjunct(part, form, text_of(form), line)
        for (part, form), line in zip(rows, lines, strict=True)
    )


def _forms(policy: Policy) -> Iterator[tuple[Part, Form]]:
    source = policy.source
    for guard in conditions_of(source.guard):
        yield Part.TIER, guard["body"]
    for part in SCOPE:
        for form in _constraint(part, source.policy[part]):
            yield part, form
    for condition in source.policy["conditions"]:
        split = _conjuncts if condition["kind"] == Part.WHEN else _negated
        for form in split(condition["body"]):
            yield Part(condition["kind"]), form


def _constraint(variable: str, constraint: Mapping[str, Any]) -> Iterator[Form]:
    """Give what a constraint of the scope asks, as an expression; nothing for any."""
    left = {"Var": variable}
    match constraint:
        case {"op": "==" | "in" as operator, "entity": reference}:
            yield {operator: {"left": left, "right": _literal(reference)}}
        case {"op": "in", "entities": references}:
            yield {"in": {"left": left, "right": {"Set": [*map(_literal, references)]}}}
        case {"op": "is", "entity_type": kind, "in": {"entity": reference}}:
            yield {"is": {"left": left, "entity_type": kind, "in": _literal(reference)}}
        case {"op": "is", "entity_type": kind}:
            yield {"is": {"left": left, "entity_type": kind}}


def _literal(reference: Mapping[str, str]) -> Form:
    return {"Value": {"__entity": reference}}


def _conjuncts(form: Form) -> Iterator[Form]:
    match form:
        case {"&&": {"left": left, "right": right}}:
            yield from _conjuncts(left)
            yield from _conjuncts(right)
        case {"!": {"arg": inner}}:
            yield from _negated(inner)
        case _:
            yield form


def _negated(form: Form) -> Iterator[Form]:
    """Give the conjuncts of the negation of *form*, by De Morgan's law."""
    match form:
        case {"||": {"left": left, "right": right}}:
            yield from _negated(left)
            yield from _negated(right)
        case {"!": {"arg": inner}}:
            yield from _conjuncts(inner)
        case _:
            yield {"!": {"arg": form}}


def _lines(policy: Policy, rows: Sequence[tuple[Part, str]]) -> Iterator[int]:
    """
    Find the lines of conjuncts: the same tokens in the same order, each behind the last found.

    Written otherwise by its author (`a["b"]` for `a.b`), a conjunct is not found.
    """
    written, first = policy.source.written, policy.ref.line
    kept = [*_kept(written)]
    words, found = [word for word, _ in kept], 0
    for part, text in rows:
        wanted = [word for word, _ in _kept(text)]
        place = None if part is Part.TIER else _find(words, wanted, found)
        if place is None:
            yield first
        else:
            found = place + len(wanted)
            yield first + written.count("\n", 0, kept[place][1])


def _kept(text: str) -> Iterator[tuple[str, int]]:
    """Give the tokens of *text* that both ways of writing have, with their places."""
    for match in tokens(text):
        if match.group() not in _MOVED:
            yield match.group(), match.start()


def _find(words: Sequence[str], wanted: Sequence[str], start: int) -> int | None:
    places = range(start, len(words) - len(wanted) + 1)
    return next((at for at in places if words[at : at + len(wanted)] == wanted), None)
