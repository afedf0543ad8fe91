"""`refusals: json`: the small bodies of a plain HTTP tool, for 401 and 403.

The owner of a target chooses them, and with them that whoever is refused reads
which scopes the operation requires. The workload is the caller's own SPIFFE ID.
"""

from __future__ import annotations

from collections.abc import Mapping

from authz.model.outcome import Answer
from authz.model.reasons import Reason
from authz.model.scopes import Scopes, format_scopes
from authz.refusals.shapes import write_json

UNAUTHORIZED = 401
FORBIDDEN = 403

_MISSING: Mapping[Reason, str] = {
    Reason.WORKLOAD_UNIDENTIFIED: "missing workload identity",
    Reason.WORKLOAD_UNTRUSTED: "missing workload identity",
    Reason.CREDENTIAL_MISSING: "missing user credential",
    Reason.CREDENTIAL_INVALID: "invalid user credential",
    Reason.STEP_UP_REQUIRED: "stronger login required",
}
"""What a 401 says, by reason."""


def is_small(status: int) -> bool:
    """Say whether there is a small body for *status*."""
    return status in {UNAUTHORIZED, FORBIDDEN}


def write_unauthorized(reason: Reason, decision: str, *headers: tuple[str, str]) -> Answer:
    """Write a 401: what is missing, and nothing else."""
    return write_json(UNAUTHORIZED, decision, {"error": _MISSING[reason]}, *headers)


def write_denied(workload: str, required: Scopes, decision: str) -> Answer:
    """Write a 403: always the same three members; what is not known is empty."""
    body = {"error": "access denied", "workload": workload, "required": format_scopes(required)}
    return write_json(FORBIDDEN, decision, body)
