"""The JSON-RPC 2.0 envelope, as strictly as MCP and A2A allow.

Members that the envelope does not know are refused: another reader might know
them. Batches are refused: one message is one decision.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json
from authz.protocols.unreadable import Unreadable, ambiguous, no_message, not_json

MAX_ID_CHARACTERS = 128
MAX_ID_INTEGER = 2**63

_CALL_MEMBERS = frozenset({"jsonrpc", "id", "method", "params"})
_ANSWER_MEMBERS = frozenset({"jsonrpc", "id", "result", "error"})


class Envelope(Struct, frozen=True, gc=False):
    """One JSON-RPC request or notification, or an answer (which has no method)."""

    request_id: int | str | None
    """None for a notification."""

    method: str | None
    """None for an answer to a request of the server's."""

    params: Mapping[str, JSON]


def read_envelope(body: bytes) -> Envelope:
    """
    Read one message.

    Raises:
        Unreadable: no JSON, no JSON-RPC 2.0 message, a batch, a member that
            the envelope does not know, an `id` that is no integer of 64 bits
            and no string of at most `MAX_ID_CHARACTERS`, positional `params`.
    """
    try:
        message = read_json(body)
    except NotJSON as error:
        raise not_json(str(error)) from None
    except AmbiguousJSON as error:
        raise ambiguous(str(error)) from None
    if isinstance(message, list):
        raise ambiguous("a batch is not one decision")
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise no_message("it is no JSON-RPC 2.0 message")
    return _answer(message) if "method" not in message else _call(message)


def peek_id(body: bytes) -> int | str | None:
    """Give the `id` of a message where it can be read, for a refusal to echo."""
    try:
        return read_envelope(body).request_id
    except Unreadable:
        return None


def _call(message: dict[str, JSON]) -> Envelope:
    _known(message, _CALL_MEMBERS, "the envelope")
    method, params = message["method"], message.get("params", {})
    if not isinstance(method, str) or not method:
        raise no_message("method is no string")
    if not isinstance(params, dict):
        raise no_message("params is no object")
    return Envelope(_read_id(message), method, params)


def _answer(message: dict[str, JSON]) -> Envelope:
    _known(message, _ANSWER_MEMBERS, "the envelope of an answer")
    if ("result" in message) == ("error" in message) or _read_id(message) is None:
        raise no_message("it has no method and is no answer either")
    return Envelope(None, None, {})


def _read_id(message: Mapping[str, JSON]) -> int | str | None:
    if "id" not in message:
        return None
    value = message["id"]
    if isinstance(value, str) and len(value) <= MAX_ID_CHARACTERS:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_ID_INTEGER:
        return value
    raise no_message("id is no integer and no short string")


def _known(members: Mapping[str, JSON], known: frozenset[str], where: str) -> None:
    if not members.keys() <= known:
        raise ambiguous(f"{where} has a member that it does not know")


def known_params(params: Mapping[str, JSON], known: frozenset[str]) -> None:
    """
    Check that `params` has no member outside *known*.

    Raises:
        Unreadable: `ambiguous_request`.
    """
    _known(params, known, "params")
