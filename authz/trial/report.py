"""A trial as a JSON document: everything that `authz check` tells, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.model.reasons import verdict_of
from authz.policy.explain import LegExplanation, PolicyExplanation
from authz.trial.run import Trial

Report = dict[str, Any]


def report_of(trial: Trial) -> Report:
    """Give the document. Arguments' values are in it only as far as a record would hold them."""
    return {
        "verdict": verdict_of(trial.reason),
        "reason": trial.reason,
        "step": trial.step,
        "detail": trial.detail,
        "steps": [
            {
                "step": each.number,
                "name": each.name,
                "state": each.state,
                "reason": each.reason,
                "detail": each.detail,
            }
            for each in trial.steps
        ],
        "scopes": scopes_of(trial),
        "legs": [_leg(leg) for leg in trial.legs],
        "changes": [
            {
                "subject": each.subject,
                "member": each.member,
                "seen": each.seen,
                "needed": each.needed,
            }
            for each in trial.changes
        ],
        "allowed_with_changes": trial.is_cured,
        "uncertain_because_of": [str(ref) for ref in trial.unknown],
    }


def scopes_of(trial: Trial) -> Mapping[str, Mapping[str, list[str]]]:
    """Say who has, and who lacks, which of the required scopes: every party, and policy."""
    if not trial.required:
        return {}
    rows = {**trial.held, **({"policy": trial.granted} if trial.legs else {})}
    return {
        party: {"has": sorted(scopes), "lacks": sorted(trial.required - scopes)}
        for party, scopes in rows.items()
    }


def _leg(leg: LegExplanation) -> Report:
    return {
        "party": leg.party,
        "reason": leg.reason,
        "assumed": list(leg.assumed),
        "withheld": sorted(leg.withheld),
        "still_withheld": sorted(leg.still_withheld),
        "policies": [_policy(policy) for policy in leg.policies],
        "near": [_policy(policy) for policy in leg.near],
    }


def _policy(policy: PolicyExplanation) -> Report:
    failed = policy.failed
    return {
        "id": policy.ref.id,
        "at": f"{policy.ref.file}:{policy.ref.line}",
        "effect": policy.effect,
        "reason": policy.ref.reason,
        "text": policy.text,
        "withholds": sorted(policy.withholds),
        "failed": None
        if failed is None
        else {"line": failed.line, "condition": failed.text, "saw": dict(failed.reads)},
    }
