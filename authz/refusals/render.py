"""The answer to a refused call, from the table.

Measured on real clients: many MCP clients lose their whole session on any
HTTP error, so a no to an identified agent is in-band under `auto`; RFC 6750
section 3 and RFC 9728 section 5.1 for challenges; RFC 9457 for problems.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import assert_never

from msgspec import Struct

from authz.directory.compiled import RefusalStyle, TargetKind
from authz.model.headers import DECISION
from authz.model.operation import Era, Message, Protocol, ToolCall
from authz.model.outcome import Answer, Malformed, Refused
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes, format_scopes
from authz.refusals.metadata import metadata_url
from authz.refusals.shapes import Error, Shape, shape_of, write_error, write_json
from authz.refusals.small import UNAUTHORIZED, is_small, write_denied, write_unauthorized
from authz.refusals.table import (
    DENIED_SENTENCE,
    MALFORMED_CODES,
    OAUTH_SENTENCES,
    RETRY_AFTER_SECONDS,
    ROWS,
    Family,
    Row,
)

FORBIDDEN = HTTPStatus.FORBIDDEN.value
IN_BAND = HTTPStatus.OK.value
"""A status under which every MCP client reads what stands in the body."""

_WORKLOAD = frozenset({Reason.WORKLOAD_UNIDENTIFIED, Reason.WORKLOAD_UNTRUSTED})


class Refusal(Struct, frozen=True, gc=False):
    """A refused call as far as its answer depends on it."""

    refused: Refused
    decision: str
    message: Message | None
    """None where step 1 could not read it."""

    audience: str | None
    """What the target is called as an OAuth resource; None where it is unknown, or where nobody
    could log in for it."""

    style: RefusalStyle = RefusalStyle.AUTO
    may_challenge: bool = False
    """The caller runs OAuth itself, and this was not asked of its user before in vain."""

    kind: TargetKind | None = None
    """The target's, None where the target is unknown."""

    workload: str = ""
    """The proven SPIFFE ID, empty where none is. Only `refusals: json` tells it."""

    wanted: Scopes = NO_SCOPES
    """What the operation requires, as far as it is declared. Only `refusals: json` tells it."""

    @property
    def row(self) -> Row:
        """The table's row for the reason."""
        return ROWS[self.refused.reason]

    @property
    def request_id(self) -> int | str | None:
        """The `id` to echo."""
        return self.refused.request_id if self.message is None else self.message.request_id

    def error(self, status: int, code: int, sentence: str) -> Error:
        """Give what is told, with the scope that *sentence* names."""
        return Error(
            status=status,
            code=code,
            sentence=sentence.replace("{scope}", format_scopes(self.refused.required)),
            told=self.row.told,
            decision=self.decision,
            request_id=self.request_id,
        )


def render(refusal: Refusal) -> Answer:
    """Write the answer to a refused call; always with the decision id in a header."""
    if refusal.style is RefusalStyle.JSON and is_small(refusal.row.status):
        return _small(refusal)
    match refusal.row.family:
        case Family.MALFORMED:
            return _malformed(refusal)
        case Family.UNPROVEN:
            return _unproven(refusal)
        case Family.STRANGER:
            return _stranger(refusal)
        case Family.UNROUTED:
            return _unrouted(refusal)
        case Family.DENIED:
            return _denied(refusal)
        case Family.UNAVAILABLE:
            return _unavailable(refusal)
        case other:
            assert_never(other)


def _small(refusal: Refusal) -> Answer:
    if refusal.row.status != UNAUTHORIZED:
        return write_denied(refusal.workload, refusal.wanted, refusal.decision)
    reason = refusal.refused.reason
    # No login cures a missing certificate, so there is nothing to say of one.
    challenge = "Bearer" if reason in _WORKLOAD else _challenge(refusal)
    return write_unauthorized(reason, refusal.decision, ("www-authenticate", challenge))


def _malformed(refusal: Refusal) -> Answer:
    kind = refusal.refused.malformed or Malformed.NOT_ONE_MEANING
    code, sentence = MALFORMED_CODES[kind]
    return _error(refusal, refusal.row.status, code, sentence)


def _unproven(refusal: Refusal) -> Answer:
    status = refusal.row.status
    header = ("www-authenticate", _challenge(refusal))
    return _error(refusal, status, status, refusal.row.sentence, header)


def _stranger(refusal: Refusal) -> Answer:
    return _error(refusal, refusal.row.status, refusal.row.status, refusal.row.sentence)


def _unrouted(refusal: Refusal) -> Answer:
    return write_error(Shape.PROBLEM, refusal.error(FORBIDDEN, FORBIDDEN, DENIED_SENTENCE))


def _denied(refusal: Refusal) -> Answer:
    row, message = refusal.row, refusal.message
    if message is None or (message.protocol is Protocol.HTTP and refusal.kind is None):
        return _unrouted(refusal)
    is_rpc = shape_of(refusal.kind, message) is Shape.RPC
    if is_rpc and message.request_id is None:
        return Answer(FORBIDDEN, ((DECISION, refusal.decision),), b"")
    challenge = _curing_challenge(refusal) if refusal.may_challenge else None
    if challenge is not None:
        sentence = OAUTH_SENTENCES[refusal.refused.reason]
        return _error(refusal, row.status, row.status, sentence, ("www-authenticate", challenge))
    if not is_rpc or refusal.style is not RefusalStyle.AUTO:
        return _error(refusal, row.status, row.status, row.sentence)
    if isinstance(message.operation, ToolCall):
        return _tool_result(refusal, message)
    return _error(refusal, IN_BAND, row.status, row.sentence)


def _unavailable(refusal: Refusal) -> Answer:
    again = ("retry-after", str(RETRY_AFTER_SECONDS))
    status = refusal.row.status
    return _error(refusal, status, status, refusal.row.sentence, again)


def _tool_result(refusal: Refusal, message: Message) -> Answer:
    """Write the one shape that every MCP client survives and hands to its model."""
    text = refusal.error(IN_BAND, IN_BAND, refusal.row.sentence).text
    result: dict[str, object] = {"isError": True, "content": [{"type": "text", "text": text}]}
    if message.era is Era.MODERN:
        result["resultType"] = "complete"
    body = {"jsonrpc": "2.0", "id": message.request_id, "result": result}
    return write_json(IN_BAND, refusal.decision, body)


def _error(
    refusal: Refusal, status: int, code: int, sentence: str, *headers: tuple[str, str]
) -> Answer:
    shape = shape_of(refusal.kind, refusal.message)
    return write_error(shape, refusal.error(status, code, sentence), *headers)


def _challenge(refusal: Refusal) -> str:
    """Write a 401's challenge (RFC 6750 section 3): never a scope, bare for an unknown target."""
    if refusal.audience is None:
        return "Bearer"
    invalid = refusal.refused.reason is Reason.CREDENTIAL_INVALID
    return _bearer(refusal, error="invalid_token" if invalid else None)


def _curing_challenge(refusal: Refusal) -> str | None:
    """Write the challenge that a wider token or a stronger login cures; None where nothing does."""
    match refusal.refused.reason:
        case Reason.INSUFFICIENT_SCOPE:
            scope = format_scopes(refusal.refused.required)
            return _bearer(refusal, error="insufficient_scope", scope=scope)
        case Reason.STEP_UP_REQUIRED:
            return _bearer(refusal, error="insufficient_user_authentication")
    return None


def _bearer(refusal: Refusal, **parameters: str | None) -> str:
    """Write a Bearer challenge with what is there to say (RFC 6750, RFC 9470, RFC 9728)."""
    said = {**parameters, "resource_metadata": metadata_url(refusal.audience or "")}
    told = ", ".join(f'{name}="{value}"' for name, value in said.items() if value is not None)
    return f"Bearer {told}".strip()
