"""The closed list of reasons that a decision can have.

The numbers of the steps and the meaning of each reason are the contract; a
reason never changes its meaning, and adding one is a decision that users see.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a call was decided as it was; stable in records, metrics and tests."""

    ALLOW = "allow"
    """It goes on, with what the steps granted."""

    # step 1, read
    UNREADABLE_REQUEST = "unreadable_request"
    """The body is not one JSON-RPC message, or the request is none that can be read.

    Cure: the caller's code.
    """

    AMBIGUOUS_REQUEST = "ambiguous_request"
    """
    Two readers could take it for two things: a member twice, another charset, a header that says
    another tool, an odd path.

    Cure: the caller's code.
    """

    BODY_MISSING = "body_missing"
    """Envoy sent no body where there has to be one.

    Cure: the caller's code; Envoy's `with_request_body`, if all calls are refused so.
    """

    BODY_TRUNCATED = "body_truncated"
    """Envoy sent a part of the body.

    Cure: a smaller request; Envoy's `max_request_bytes`.
    """

    # step 2, workload
    WORKLOAD_UNIDENTIFIED = "workload_unidentified"
    """There is no proof of the kind that the listener reads.

    Cure: whoever gives the workload its certificate, or configures Envoy.
    """

    WORKLOAD_UNTRUSTED = "workload_untrusted"
    """There is a proof, and it is not good, or is of no declared trust domain.

    Cure: whoever gives the workload its certificate; `trustDomains` of the `Gate`.
    """

    AGENT_UNDECLARED = "agent_undeclared"
    """The workload is proven, and no `Agent` has its identity.

    Cure: whoever keeps the directory.
    """

    # step 3, subject
    CREDENTIAL_MISSING = "credential_missing"
    """The operation is for a user, and there is no bearer token.

    Cure: the user, by a login.
    """

    CREDENTIAL_INVALID = "credential_invalid"
    """
    The token proves nothing: signature, `iss`, `aud`, `typ` or times are wrong, or no `Issuer` is
    declared for it.

    Cure: the user, by a login; the `Issuer`, if all are refused so.
    """

    CREDENTIAL_NOT_YOURS = "credential_not_yours"
    """The token was given to another declared agent.

    Cure: the agent, with a token of its own.
    """

    CHAIN_REFUSED = "chain_refused"
    """The token's `act` proves no chain of declared agents that ends with the caller.

    Cure: the agent, with a token of its own.
    """

    # step 4, kill switch
    SUSPENDED = "suspended"
    """An agent of the chain, or the one that is asked, is not `active`.

    Cure: the agent's owner, by its `lifecycle`.
    """

    # step 5, target
    TARGET_UNKNOWN = "target_unknown"
    """
    Envoy's route names no declared target; where targets go by host, none is declared at that one.

    Cure: whoever keeps the directory or Envoy's routes.
    """

    CONNECTION_UNDECLARED = "connection_undeclared"
    """The agent's `connections` or the target's `callers` do not have it.

    Cure: both owners, in the directory.
    """

    # step 6, operation
    OPERATION_UNDECLARED = "operation_undeclared"
    """The target does not declare it, or the agent's connection does not list it.

    Cure: both owners, in the directory.
    """

    METHOD_UNKNOWN = "method_unknown"
    """It is a method that this version does not know.

    Cure: nobody; a later version.
    """

    TOOL_QUARANTINED = "tool_quarantined"
    """The tool's arguments clash with a general policy.

    Cure: the tool's owner or the policy's; `authz policy check` names both.
    """

    # steps 7 and 8, ceilings
    AGENT_LACKS_SCOPE = "agent_lacks_scope"
    """An agent of the chain may not hold a scope that the operation requires.

    Cure: the agent's owner, within its `Cell`.
    """

    USER_LACKS_SCOPE = "user_lacks_scope"
    """The user could never hold a scope that the operation requires.

    Cure: whoever keeps roles and `mayAssert`.
    """

    INSUFFICIENT_SCOPE = "insufficient_scope"
    """The user could hold the scope; this login does not carry it.

    Cure: the user, by a login with that scope.
    """

    # step 9, policy
    FORBIDDEN = "forbidden"
    """A policy forbids it.

    Cure: the policy's author.
    """

    NO_PERMIT = "no_permit"
    """No policy permits it to the user, or to an agent.

    Cure: the policy's author.
    """

    POLICY_WITHHOLDS_SCOPE = "policy_withholds_scope"
    """It is permitted, but not with every scope that it requires.

    Cure: the policy's author, by `@scope`.
    """

    POLICY_ERROR = "policy_error"
    """A policy could not be evaluated.

    Cure: the policy's author.
    """

    BAD_ARGUMENT = "bad_argument"
    """An argument has not the type of the tool's schema.

    Cure: the caller, with other arguments.
    """

    # step 10, challenge
    STEP_UP_REQUIRED = "step_up_required"
    """A policy wants a stronger or fresher login, and everything else permits.

    Cure: the user, by a login with a second factor.
    """

    CONSENT_REQUIRED = "consent_required"
    """A policy wants the user's consent, and everything else permits.

    Cure: nobody in this version: nothing grants consent yet.
    """

    APPROVAL_PENDING = "approval_pending"
    """A policy wants an approval, and everything else permits.

    Cure: nobody in this version: nothing grants approvals yet.
    """

    # step 12, token
    TOKEN_TOO_WIDE = "token_too_wide"  # noqa: S105 - a reason, not a secret
    """Our own check found that what was signed says more than was decided.

    Cure: nobody: a fault of ours, please tell us.
    """

    # no step
    OVERLOADED = "overloaded"
    """There were too many Checks at once; it was refused unread.

    Cure: the caller, by trying again; more workers.
    """

    FAULT = "fault"
    """
    It could not be decided: something of ours failed, keys could not be had, or who asks is no
    listed Envoy.

    Cure: the caller, by trying again; the record's `detail` says more.
    """


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
