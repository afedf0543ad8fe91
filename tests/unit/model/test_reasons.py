"""`model.reasons`: the closed list, and the verdict of each."""

from __future__ import annotations

from authz.model.reasons import Reason, Verdict, verdict_of

CURABLE = {
    "credential_missing",
    "credential_invalid",
    "insufficient_scope",
    "step_up_required",
    "consent_required",
    "approval_pending",
}


def test_only_allow_allows() -> None:
    """Of all reasons a single one lets a call pass."""
    allowing = [reason for reason in Reason if verdict_of(reason) is Verdict.ALLOW]

    assert allowing == [Reason.ALLOW]


def test_challenges_are_the_curable_ones() -> None:
    """A challenge is what more evidence from the caller or the user could cure."""
    curable = {str(reason) for reason in Reason if verdict_of(reason) is Verdict.CHALLENGE}

    assert curable == CURABLE
