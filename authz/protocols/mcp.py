"""MCP over streamable HTTP, revisions 2025-06-18, 2025-11-25 and 2026-07-28.

What a method is judged as stands in `mcp_methods`; here is the message around
it. The body's `_meta` alone says which era it is of, by the protocol version.
Other keys that the modern era wants there are not missed: a server refuses such
a message itself, and nothing is decided by them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from authz.model.operation import Era, Message, Operation, Protocol, Session, Unknown
from authz.model.strict_json import JSON
from authz.protocols.http import announces_body
from authz.protocols.jsonrpc import Envelope, read_envelope
from authz.protocols.mcp_methods import METHODS, SESSION_VERBS
from authz.protocols.mcp_operations import operation_of
from authz.protocols.unreadable import ambiguous, mismatch, no_message

FIRST_MODERN_VERSION = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"

MIRRORS = ("mcp-method", "mcp-name")
PARAM_MIRROR = "mcp-param-"
"""Headers that repeat what the body says (SEP-2243). They are compared, never believed."""

SESSION_ID = "mcp-session-id"

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_PLAIN_TYPE = "application/json"
_JSON_TYPE = re.compile(r'application/json *(; *charset="?utf-8"? *)?', re.IGNORECASE | re.ASCII)


def read_message(
    method: str, unverified_headers: Mapping[str, str], body: bytes, size: int
) -> Message:
    """
    Read one request of streamable HTTP.

    Args:
        method: The HTTP method.
        unverified_headers: Lower-case names. Mirrored headers are compared with the body
            where they are there, and never believed.
        body: The whole body; a truncated one must not come here.
        size: Bytes of body that Envoy had, to notice a body on a GET.

    Raises:
        Unreadable: as `jsonrpc.read_envelope`; a POST without a body; a GET or
            DELETE with one; `params` with an unknown member; headers that disagree.
    """
    if "upgrade" in unverified_headers:
        raise ambiguous("what follows an upgrade is not what would be judged")
    if method in SESSION_VERBS:
        _check_bare(method, unverified_headers, body, size)
        return Message(Protocol.MCP, Session(method), None)
    if method != "POST":
        return Message(Protocol.MCP, Unknown(method), None)
    content_type = unverified_headers.get("content-type", "")
    if content_type != _PLAIN_TYPE and _JSON_TYPE.fullmatch(content_type) is None:
        # A reader that honours another charset would decode another message.
        raise ambiguous("the content type is not application/json in UTF-8")
    envelope = read_envelope(body)
    meta = _meta(envelope.params)
    version = _body_version(meta) if meta else None
    era = Era.LEGACY if version is None else Era.MODERN
    in_session = bool(unverified_headers.get(SESSION_ID))
    operation = operation_of(envelope, era, in_session=in_session)
    _check_mirrors(unverified_headers, envelope, operation, version)
    traceparent = meta.get("traceparent")
    return Message(
        Protocol.MCP,
        operation,
        envelope.request_id,
        era,
        traceparent if isinstance(traceparent, str) else None,
    )


def _check_bare(method: str, headers: Mapping[str, str], body: bytes, size: int) -> None:
    """Check that a GET or DELETE says nothing that only a message can say."""
    if body or size or announces_body(headers):
        raise ambiguous(f"a {method} with a body means two things")
    if any(name in headers for name in MIRRORS) or _param_mirrors(headers):
        raise ambiguous(f"a {method} mirrors a message that it does not have")


def _meta(params: Mapping[str, JSON]) -> Mapping[str, JSON]:
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        raise no_message("_meta is no object")
    return meta


def _body_version(meta: Mapping[str, JSON]) -> str | None:
    version = meta.get(VERSION_KEY)
    if version is not None and not isinstance(version, str):
        raise no_message("the protocol version in _meta is no string")
    return version


def _check_mirrors(
    headers: Mapping[str, str], envelope: Envelope, operation: Operation, version: str | None
) -> None:
    """Compare the mirrored headers that are there with the body (SEP-2243)."""
    method = headers.get("mcp-method")
    if method is not None and method != envelope.method:
        raise mismatch("mcp-method differs from the body", envelope.request_id)
    mirrored = headers.get("mcp-name")
    if mirrored is not None and not isinstance(operation, Unknown):
        decoded = _decoded(mirrored)
        if decoded is None or decoded != _mirrored_name(envelope):
            raise mismatch("mcp-name differs from the body", envelope.request_id)
    stated = headers.get("mcp-protocol-version")
    if stated is None:
        return
    if stated != version if version is not None else _may_be_modern(stated):
        raise mismatch("mcp-protocol-version differs from the body", envelope.request_id)


def _may_be_modern(stated: str) -> bool:
    """Say whether a reader could take what the header says for a version of the modern era."""
    # Of two headers, which come joined, a reader may take the last.
    return "," in stated or stated >= FIRST_MODERN_VERSION


def _mirrored_name(envelope: Envelope) -> JSON:
    """Give what of the body `mcp-name` repeats."""
    row = METHODS.get(envelope.method or "")
    return envelope.params.get(row.mirrored) if row and row.mirrored else None


def agrees_with_mirrors(
    arguments: Mapping[str, JSON],
    unverified_headers: Mapping[str, str],
    annotated: Mapping[str, tuple[str, ...]],
) -> bool:
    """
    Say whether every `mcp-param-…` header says what the argument says that it mirrors.

    Args:
        arguments: Of the call, from its body.
        unverified_headers: Of the request, lower-case names.
        annotated: By lower-case mirror name (`x-mcp-header` of the tool's
            schema), the names that lead to the argument. A header that mirrors
            none of them agrees with nothing.
    """
    for mirror, value in _param_mirrors(unverified_headers).items():
        said: JSON = dict(arguments) if mirror in annotated else None
        for name in annotated.get(mirror, ()):
            said = said.get(name) if isinstance(said, dict) else None
        if not _says(value, said):
            return False
    return True


def has_mirrors(unverified_headers: Mapping[str, str]) -> bool:
    """Say whether there is any `mcp-param-…` header."""
    return PARAM_MIRROR in "\n".join(unverified_headers)


def _param_mirrors(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PARAM_MIRROR): value
        for name, value in headers.items()
        if name.startswith(PARAM_MIRROR)
    }


def _says(header: str, argument: JSON) -> bool:
    """Say whether *header* is how *argument* (text, integer or boolean) is mirrored."""
    match argument:
        case bool():
            return header == ("true" if argument else "false")
        case int():
            return _INTEGER.fullmatch(header) is not None and int(header) == argument
        case str():
            return _decoded(header) == argument
    return False


def _decoded(value: str) -> str | None:
    """Undo the spelling `=?base64?…?=` of names that no header may hold."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
