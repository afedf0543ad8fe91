"""One statement of Cedar text to a policy with its guard before the author's conditions.

The guard is put into the text, and the engine is asked what it reads there: the
first conditions must be the guard, and what follows is the author's policy. So
the text that is validated is the text that is evaluated, and no reading of ours
decides where a guard stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from cedarpy import PolicySet, policies_to_json_str

from authz.directory.diagnostics import Position
from authz.policy.statements import MAX_NESTED, MAX_OPERATORS, Statement, scope_end
from authz.policy.syntax import MISSING_END, syntax_hint

MAX_NESTING = 500
"""Levels of a policy's JSON form. How many Python itself can read depends on its version."""

_STRING = re.compile(r'"(?:\\.|[^"\\])*"')
_BRACKET = re.compile(r"[][{}]")


class NotOnePolicy(ValueError):
    """The statement is no single policy that could be evaluated."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Source:
    """A guarded policy."""

    text: str
    effect: str
    """`permit` or `forbid`."""

    annotations: Mapping[str, str | None]
    """As written; None for one without a value."""

    policy: Mapping[str, Any]
    """The author's own, without the guard, in the engine's JSON form (EST)."""

    written: str
    """The author's own text."""

    guard: str
    """The condition that its tier puts before it, as Cedar text; empty for the global tier."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """A policy and the place that it was read at."""

    source: Source
    statement: Statement

    @property
    def position(self) -> Position:
        """Where it begins."""
        return self.statement.position


def read_source(statement: Statement, guard: str) -> Source:
    """
    Read one statement and put *guard* before its conditions.

    Raises:
        NotOnePolicy: it does not parse, holds several policies or a template,
            or is so large that the engine could end on it.
    """
    if statement.operators > MAX_OPERATORS:
        raise NotOnePolicy(f"it has more than {MAX_OPERATORS} operators and brackets; split it")
    if statement.is_too_large:
        raise NotOnePolicy(f"its brackets are nested deeper than {MAX_NESTED}; split it")
    text = statement.text
    guarded, policy = _guarded(text, guard) if guard else (text, _read_one(text))
    return Source(
        text=guarded,
        effect=str(policy["effect"]),
        annotations=policy.get("annotations", {}),
        policy=policy,
        written=text,
        guard=guard,
    )


def _guarded(text: str, guard: str) -> tuple[str, Mapping[str, Any]]:
    """
    Give *text* with *guard* before its conditions, and what the author's own comes to.

    That is what the engine reads in the guarded text, which is what will be
    evaluated, without the guard, with which it must begin.
    """
    conditions = [*conditions_of(guard)]
    try:
        place = scope_end(text)
        guarded = f"{text[:place]} when {{ {guard} }}{text[place:]}"
        policy = _read_one(guarded)
    except ValueError:
        # What is wrong is told of the text as its author wrote it.
        _read_one(text)
        raise
    if policy["conditions"][: len(conditions)] != conditions:
        _read_one(text)
        raise NotOnePolicy("its tier's guard cannot be put before its conditions")
    return guarded, {**policy, "conditions": policy["conditions"][len(conditions) :]}


def count_policies(text: str) -> int:
    """Give how many policies the engine reads in *text*."""
    return len(PolicySet.from_str(text))


def _read_one(text: str) -> Mapping[str, Any]:
    try:
        found = _read(text)
    except NotOnePolicy:
        raise
    except ValueError as error:
        raise NotOnePolicy(str(error), syntax_hint(str(error))) from None
    if found["templates"]:
        raise NotOnePolicy("it is a template; ?principal and ?resource are never linked here")
    if len(found["staticPolicies"]) != 1:
        raise NotOnePolicy("it is several", MISSING_END)
    (policy,) = found["staticPolicies"].values()
    return dict(policy)


def _read(text: str) -> Mapping[str, Any]:
    """Give what the engine reads in *text*, in its JSON form."""
    form = policies_to_json_str(text)
    if form.count("{") + form.count("[") > MAX_NESTING and _depth(form) > MAX_NESTING:
        raise NotOnePolicy("it is nested too deep; split it")
    found: Mapping[str, Any] = json.loads(form)
    return found


def _depth(form: str) -> int:
    """Give how many levels of brackets a JSON text has."""
    steps = (1 if bracket in "[{" else -1 for bracket in _BRACKET.findall(_STRING.sub("", form)))
    return max(accumulate(steps), default=0)


@cache
def conditions_of(guard: str) -> tuple[Any, ...]:
    """Give the conditions that *guard* comes to, in the engine's JSON form."""
    if not guard:
        return ()
    text = f"permit (principal, action, resource) when {{ {guard} }};"
    return tuple(_read_one(text)["conditions"])
