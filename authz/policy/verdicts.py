"""What the engine's answer for one leg comes to."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence

from cedarpy import AuthzResult, Decision
from msgspec import Struct

from authz.model.memo import Memo
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes
from authz.policy.question import PolicyRef
from authz.policy.written import Policy

_ERRING = re.compile(r"policy `(policy[0-9]+)`")


class Verdict(Struct, frozen=True, gc=False):
    """One leg's, whatever is required and whoever is told of it."""

    reason: Reason
    """`allow`, `forbidden`, `no_permit` or `policy_error`."""

    policies: tuple[PolicyRef, ...] = ()
    """The determining ones, or for `policy_error` those that erred; sorted."""

    given: Scopes | None = NO_SCOPES
    """The scopes that the permits of an allow give together; None is whatever is required."""

    step_ups: frozenset[str | None] = frozenset()
    """What would lift the determining forbids; None stands for one that nothing lifts."""


def remembered(
    memo: Memo[Hashable, Verdict], key: Hashable, evaluate: Callable[[], Verdict]
) -> Verdict:
    """Give what is kept under *key*, or *evaluate* now. A fault is not kept: it may pass."""
    kept = memo.find(key)
    if kept is None:
        kept = evaluate()
        if kept.reason is not Reason.POLICY_ERROR:
            memo.keep(key, kept)
    return kept


def read_verdict(result: AuthzResult, by_engine_id: Mapping[str, Policy]) -> Verdict:
    """Give what *result* comes to; *by_engine_id* are the policies that were evaluated."""
    reason = verdict(result)
    named = erring(result) if reason is Reason.POLICY_ERROR else result.diagnostics.reasons
    rows = [by_engine_id[name] for name in named]
    is_clean = reason is Reason.FORBIDDEN and not result.diagnostics.errors
    return Verdict(
        reason=reason,
        policies=tuple(sorted(policy.ref for policy in rows)),
        given=_given(rows) if reason is Reason.ALLOW else NO_SCOPES,
        step_ups=frozenset(policy.notes.step_up for policy in rows if is_clean),
    )


def _given(permits: Sequence[Policy]) -> Scopes | None:
    """Give what permits give together; one that names no scopes gives whatever is required."""
    scopes = [policy.notes.scope for policy in permits]
    return None if None in scopes else NO_SCOPES.union(*filter(None, scopes))


def erring(result: AuthzResult) -> frozenset[str]:
    """Give the engine's ids of the policies that erred. The messages quote data and stay here."""
    found = (_ERRING.search(str(error)) for error in result.diagnostics.errors)
    return frozenset(match[1] for match in found if match)


def verdict(result: AuthzResult) -> Reason:
    """Give what one leg's evaluation comes to; in doubt `policy_error`."""
    reasons, errors = result.diagnostics.reasons, result.diagnostics.errors
    if result.decision is Decision.Allow:
        return Reason.ALLOW if reasons and not errors else Reason.POLICY_ERROR
    if result.decision is not Decision.Deny or (errors and not reasons):
        return Reason.POLICY_ERROR
    return Reason.FORBIDDEN if reasons else Reason.NO_PERMIT
