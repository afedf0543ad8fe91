"""What each reason means to a caller. One row a reason; a test holds the table complete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from authz.model.outcome import Malformed
from authz.model.reasons import Reason


class Family(StrEnum):
    """How a reason is answered, before style and protocol have their say."""

    MALFORMED = "malformed"
    """A 400: nobody has been asked who sent it."""

    UNPROVEN = "unproven"
    """A 401 with a challenge: the caller, or its credential, is not proven."""

    STRANGER = "stranger"
    """A 403 as HTTP status: proven, and no agent of ours."""

    UNROUTED = "unrouted"
    """A 403 that says nothing of what stands behind the route."""

    DENIED = "denied"
    """A no to an identified agent: in-band where that keeps its session alive."""

    UNAVAILABLE = "unavailable"
    """A 503: ours is the fault."""


class Told(StrEnum):
    """`data.reason`: all that a machine is told."""

    DENIED = "denied"
    PENDING = "pending"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


DENIED_SENTENCE = "Denied: this is not permitted, and repeating it will not help."
ONE_WAY_SENTENCE = "The request cannot be read in one way only."
CREDENTIALS_SENTENCE = "Credentials are needed."


@dataclass(frozen=True, slots=True)
class Row:
    """One reason: its family, its HTTP status, and the sentence that stands for it."""

    family: Family
    status: int
    sentence: str = DENIED_SENTENCE
    told: Told = Told.DENIED


_MALFORMED = Row(Family.MALFORMED, 400, ONE_WAY_SENTENCE, Told.INVALID)
_UNPROVEN = Row(Family.UNPROVEN, 401, CREDENTIALS_SENTENCE)
_UNROUTED = Row(Family.UNROUTED, 403)
_DENIED = Row(Family.DENIED, 403)
_UNAVAILABLE = Row(
    Family.UNAVAILABLE,
    503,
    "Unavailable: this could not be decided; try again later.",
    Told.UNAVAILABLE,
)

ROWS: Mapping[Reason, Row] = {
    Reason.UNREADABLE_REQUEST: _MALFORMED,
    Reason.AMBIGUOUS_REQUEST: _MALFORMED,
    Reason.BODY_MISSING: _MALFORMED,
    Reason.BODY_TRUNCATED: Row(Family.MALFORMED, 413, ONE_WAY_SENTENCE, Told.INVALID),
    Reason.WORKLOAD_UNIDENTIFIED: _UNPROVEN,
    Reason.WORKLOAD_UNTRUSTED: _UNPROVEN,
    Reason.AGENT_UNDECLARED: Row(Family.STRANGER, 403),
    Reason.CREDENTIAL_MISSING: _UNPROVEN,
    Reason.CREDENTIAL_INVALID: _UNPROVEN,
    Reason.CREDENTIAL_NOT_YOURS: _DENIED,
    Reason.CHAIN_REFUSED: _DENIED,
    Reason.SUSPENDED: _DENIED,
    Reason.TARGET_UNKNOWN: _UNROUTED,
    Reason.CONNECTION_UNDECLARED: _UNROUTED,
    Reason.OPERATION_UNDECLARED: _DENIED,
    Reason.METHOD_UNKNOWN: _DENIED,
    Reason.TOOL_QUARANTINED: _DENIED,
    Reason.AGENT_LACKS_SCOPE: _DENIED,
    Reason.USER_LACKS_SCOPE: _DENIED,
    Reason.INSUFFICIENT_SCOPE: Row(
        Family.DENIED,
        403,
        "Denied: the user's login lacks the scope {scope}; it must be granted before this can"
        " work.",
    ),
    Reason.FORBIDDEN: _DENIED,
    Reason.NO_PERMIT: _DENIED,
    Reason.POLICY_WITHHOLDS_SCOPE: _DENIED,
    Reason.POLICY_ERROR: _DENIED,
    Reason.BAD_ARGUMENT: _DENIED,
    Reason.STEP_UP_REQUIRED: Row(
        Family.DENIED,
        401,
        "Denied: the user must log in again with a second factor before this can work.",
    ),
    Reason.CONSENT_REQUIRED: Row(
        Family.DENIED,
        403,
        "Pending: the user must consent before this can work.",
        Told.PENDING,
    ),
    Reason.APPROVAL_PENDING: Row(
        Family.DENIED, 403, "Pending: this needs an approval before it can work.", Told.PENDING
    ),
    Reason.TOKEN_TOO_WIDE: _DENIED,
    Reason.OVERLOADED: _UNAVAILABLE,
    Reason.FAULT: _UNAVAILABLE,
}

MALFORMED_CODES: Mapping[Malformed, tuple[int, str]] = {
    Malformed.NOT_JSON: (-32700, "The request cannot be read."),
    Malformed.NOT_ONE_MEANING: (-32600, ONE_WAY_SENTENCE),
    Malformed.HEADER_MISMATCH: (-32020, "Headers and body disagree."),
}
"""JSON-RPC code and sentence of a 400. No client repeats a call on these but -32020."""

CURED_BY_LOGIN = frozenset({Reason.INSUFFICIENT_SCOPE, Reason.STEP_UP_REQUIRED})
"""What a client that runs OAuth itself can cure: with a wider token, or a stronger login."""

OAUTH_SENTENCES: Mapping[Reason, str] = {
    Reason.INSUFFICIENT_SCOPE: "Denied: the token lacks a scope.",
    Reason.STEP_UP_REQUIRED: "Denied: the login is too weak or too old.",
}
"""What stands beside a challenge that a client cures by itself."""

RETRY_AFTER_SECONDS = 1
