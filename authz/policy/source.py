"""One statement of Cedar text to a policy with its guard, in the engine's JSON form.

The JSON form (EST) is what is evaluated, and the text that is validated is
written from it, so both are the same policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cedarpy import policies_from_json_str, policies_to_json_str

from authz.policy.statements import MAX_OPERATORS, Statement


class NotOnePolicy(ValueError):
    """The statement is no single policy that could be evaluated."""


@dataclass(frozen=True, slots=True)
class Source:
    """A guarded policy."""

    est: Mapping[str, Any]
    """Its JSON form."""

    @property
    def annotations(self) -> Mapping[str, str | None]:
        """The annotations as written; None for one without a value."""
        found: Mapping[str, str | None] = self.est.get("annotations", {})
        return found

    @property
    def effect(self) -> str:
        """`permit` or `forbid`."""
        return str(self.est["effect"])

    def text(self) -> str:
        """Give the policy as Cedar text, guard included."""
        return policies_from_json_str(as_set({"policy": self.est}))


def read_source(statement: Statement, guard: str) -> Source:
    """
    Read one statement and put *guard* before its conditions.

    Raises:
        NotOnePolicy: it does not parse, holds several policies or a template,
            or is so large that the engine could end on it.
    """
    if statement.operators > MAX_OPERATORS:
        raise NotOnePolicy(f"it has more than {MAX_OPERATORS} operators and brackets; split it")
    try:
        found = json.loads(policies_to_json_str(statement.text))
    except RecursionError:
        raise NotOnePolicy("it is nested too deep; split it") from None
    except ValueError as error:
        raise NotOnePolicy(str(error)) from None
    if found["templates"]:
        raise NotOnePolicy("it is a template; ?principal and ?resource are never linked here")
    if len(found["staticPolicies"]) != 1:
        raise NotOnePolicy("a policy ends with a semicolon, and one is missing")
    (est,) = found["staticPolicies"].values()
    return Source({**est, "conditions": [*_conditions(guard), *est["conditions"]]})


def as_set(policies: Mapping[str, Mapping[str, Any]]) -> str:
    """Give a policy set, by policy id, as the JSON text that the engine reads."""
    return json.dumps({"templates": {}, "staticPolicies": policies, "templateLinks": []})


@cache
def _conditions(guard: str) -> tuple[Any, ...]:
    if not guard:
        return ()
    text = f"permit (principal, action, resource) when {{ {guard} }};"
    (policy,) = json.loads(policies_to_json_str(text))["staticPolicies"].values()
    return tuple(policy["conditions"])
