"""The closed list of reasons that a decision can have.

The numbers of the steps and the meaning of each reason are the contract; a
reason never changes its meaning, and adding one is a decision that users see.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a call was decided as it was; stable in records, metrics and tests."""

    ALLOW = "allow"

    # step 1, read
    UNREADABLE_REQUEST = "unreadable_request"
    AMBIGUOUS_REQUEST = "ambiguous_request"
    BODY_MISSING = "body_missing"
    BODY_TRUNCATED = "body_truncated"
    # step 2, workload
    WORKLOAD_UNIDENTIFIED = "workload_unidentified"
    WORKLOAD_UNTRUSTED = "workload_untrusted"
    AGENT_UNDECLARED = "agent_undeclared"
    # step 3, subject
    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    CREDENTIAL_NOT_YOURS = "credential_not_yours"
    CHAIN_REFUSED = "chain_refused"
    # step 4, kill switch
    SUSPENDED = "suspended"
    # step 5, target
    TARGET_UNKNOWN = "target_unknown"
    CONNECTION_UNDECLARED = "connection_undeclared"
    # step 6, operation
    OPERATION_UNDECLARED = "operation_undeclared"
    METHOD_UNKNOWN = "method_unknown"
    TOOL_QUARANTINED = "tool_quarantined"
    # steps 7 and 8, ceilings
    AGENT_LACKS_SCOPE = "agent_lacks_scope"
    USER_LACKS_SCOPE = "user_lacks_scope"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    # step 9, policy
    FORBIDDEN = "forbidden"
    NO_PERMIT = "no_permit"
    POLICY_WITHHOLDS_SCOPE = "policy_withholds_scope"
    POLICY_ERROR = "policy_error"
    BAD_ARGUMENT = "bad_argument"
    # step 10, challenge
    STEP_UP_REQUIRED = "step_up_required"
    CONSENT_REQUIRED = "consent_required"
    APPROVAL_PENDING = "approval_pending"
    # step 12, token
    TOKEN_TOO_WIDE = "token_too_wide"  # noqa: S105 - a reason, not a secret
    # no step
    OVERLOADED = "overloaded"
    FAULT = "fault"


class Verdict(StrEnum):
    """Allow, or one of the two kinds of no: final, or curable with more evidence."""

    ALLOW = "allow"
    DENY = "deny"
    CHALLENGE = "challenge"


_CHALLENGES = frozenset(
    {
        Reason.CREDENTIAL_MISSING,
        Reason.CREDENTIAL_INVALID,
        Reason.INSUFFICIENT_SCOPE,
        Reason.STEP_UP_REQUIRED,
        Reason.CONSENT_REQUIRED,
        Reason.APPROVAL_PENDING,
    }
)


def verdict_of(reason: Reason) -> Verdict:
    """Give the verdict that *reason* stands for."""
    if reason is Reason.ALLOW:
        return Verdict.ALLOW
    return Verdict.CHALLENGE if reason in _CHALLENGES else Verdict.DENY
