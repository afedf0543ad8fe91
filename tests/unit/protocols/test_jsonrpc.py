"""`protocols.jsonrpc`: the envelope, and which 400 each broken one is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.model.outcome import Malformed
from authz.model.reasons import Reason
from authz.protocols.jsonrpc import Envelope, peek_id, read_envelope
from authz.protocols.unreadable import Unreadable

CALL = {"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"a": 1}}

NOT_JSON = (Reason.UNREADABLE_REQUEST, Malformed.NOT_JSON)
NO_MESSAGE = (Reason.UNREADABLE_REQUEST, Malformed.NOT_ONE_MEANING)
AMBIGUOUS = (Reason.AMBIGUOUS_REQUEST, Malformed.NOT_ONE_MEANING)

READ: tuple[tuple[dict[str, Any], Envelope], ...] = (
    (CALL, Envelope(1, "m", {"a": 1})),
    ({"jsonrpc": "2.0", "id": "a-1", "method": "m"}, Envelope("a-1", "m", {})),
    ({"jsonrpc": "2.0", "id": "", "method": "m"}, Envelope("", "m", {})),
    ({"jsonrpc": "2.0", "id": 0, "method": "m"}, Envelope(0, "m", {})),
    ({"jsonrpc": "2.0", "id": -5, "method": "m"}, Envelope(-5, "m", {})),
    ({"jsonrpc": "2.0", "id": "1" * 128, "method": "m"}, Envelope("1" * 128, "m", {})),
    ({"jsonrpc": "2.0", "id": 2**63 - 1, "method": "m"}, Envelope(2**63 - 1, "m", {})),
    ({"jsonrpc": "2.0", "method": "m"}, Envelope(None, "m", {})),
    ({"jsonrpc": "2.0", "id": 0, "result": {}}, Envelope(None, None, {})),
    ({"jsonrpc": "2.0", "id": 0, "result": None}, Envelope(None, None, {})),
    ({"jsonrpc": "2.0", "id": "x", "error": {"code": 1}}, Envelope(None, None, {})),
)

BROKEN: tuple[tuple[str, str, tuple[Reason, Malformed]], ...] = (
    ("no JSON", "{", NOT_JSON),
    ("two values", '{"jsonrpc":"2.0"} {}', NOT_JSON),
    ("byte order mark", "\ufeff" + json.dumps(CALL), NOT_JSON),
    ("duplicate method", '{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}', AMBIGUOUS),
    ("folded method", '{"jsonrpc":"2.0","id":1,"method":"a","Method":"b"}', AMBIGUOUS),
    ("folded params", '{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":1,"X":2}}', AMBIGUOUS),
    ("batch of one", json.dumps([CALL]), AMBIGUOUS),
    ("batch of two", json.dumps([CALL, CALL]), AMBIGUOUS),
    ("empty batch", "[]", AMBIGUOUS),
    ("unknown member", json.dumps({**CALL, "extra": 1}), AMBIGUOUS),
    ("only Method", '{"jsonrpc":"2.0","id":1,"Method":"a"}', AMBIGUOUS),
    ("method and result", json.dumps({**CALL, "result": {}}), AMBIGUOUS),
    ("answer with params", '{"jsonrpc":"2.0","id":1,"result":1,"params":{}}', AMBIGUOUS),
    ("a string", '"tools/call"', NO_MESSAGE),
    ("null", "null", NO_MESSAGE),
    ("empty object", "{}", NO_MESSAGE),
    ("no version", '{"id":1,"method":"m"}', NO_MESSAGE),
    ("version 1.0", '{"jsonrpc":"1.0","id":1,"method":"m"}', NO_MESSAGE),
    ("version a number", '{"jsonrpc":2.0,"id":1,"method":"m"}', NO_MESSAGE),
    ("method null", '{"jsonrpc":"2.0","id":1,"method":null}', NO_MESSAGE),
    ("method number", '{"jsonrpc":"2.0","id":1,"method":1}', NO_MESSAGE),
    ("method empty", '{"jsonrpc":"2.0","id":1,"method":""}', NO_MESSAGE),
    ("params positional", '{"jsonrpc":"2.0","id":1,"method":"m","params":[1]}', NO_MESSAGE),
    ("params null", '{"jsonrpc":"2.0","id":1,"method":"m","params":null}', NO_MESSAGE),
    ("params string", '{"jsonrpc":"2.0","id":1,"method":"m","params":"a"}', NO_MESSAGE),
    ("id null", '{"jsonrpc":"2.0","id":null,"method":"m"}', NO_MESSAGE),
    ("id true", '{"jsonrpc":"2.0","id":true,"method":"m"}', NO_MESSAGE),
    ("id fractional", '{"jsonrpc":"2.0","id":1.5,"method":"m"}', NO_MESSAGE),
    ("id with an exponent", '{"jsonrpc":"2.0","id":1e2,"method":"m"}', NO_MESSAGE),
    ("id whole but spelled 1.0", '{"jsonrpc":"2.0","id":1.0,"method":"m"}', NO_MESSAGE),
    ("id list", '{"jsonrpc":"2.0","id":[1],"method":"m"}', NO_MESSAGE),
    ("id object", '{"jsonrpc":"2.0","id":{},"method":"m"}', NO_MESSAGE),
    ("id too long", json.dumps({**CALL, "id": "1" * 129}), NO_MESSAGE),
    ("id beyond 64 bits", json.dumps({**CALL, "id": 2**63}), NO_MESSAGE),
    ("id below 64 bits", json.dumps({**CALL, "id": -(2**63)}), NO_MESSAGE),
    ("answer without id", '{"jsonrpc":"2.0","result":{}}', NO_MESSAGE),
    ("answer with id null", '{"jsonrpc":"2.0","id":null,"error":{}}', NO_MESSAGE),
    ("result and error", '{"jsonrpc":"2.0","id":1,"result":1,"error":{}}', NO_MESSAGE),
    ("neither result nor error", '{"jsonrpc":"2.0","id":1}', NO_MESSAGE),
)


@pytest.mark.parametrize(("message", "envelope"), READ, ids=str)
def test_read(message: dict[str, Any], envelope: Envelope) -> None:
    """Requests, notifications and answers are told apart, and an id keeps its type."""
    found = read_envelope(json.dumps(message).encode())

    assert found == envelope
    assert type(found.request_id) is type(envelope.request_id)


@pytest.mark.parametrize(
    ("text", "kind"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_broken(text: str, kind: tuple[Reason, Malformed]) -> None:
    """What is no message is unreadable, what could be two is ambiguous, and no id is echoed."""
    with pytest.raises(Unreadable) as unreadable:
        read_envelope(text.encode())

    refused = unreadable.value.refused
    assert (refused.reason, refused.malformed) == kind
    assert refused.request_id is None
    assert str(unreadable.value) == refused.detail


def test_order_of_members_means_nothing() -> None:
    """Some clients write `method` first and `id` last."""
    body = b'{"method":"m","params":{},"jsonrpc":"2.0","id":7}'

    assert read_envelope(body) == Envelope(7, "m", {})


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        (b'{"jsonrpc":"2.0","id":3,"method":"m"}', 3),
        (b'{"jsonrpc":"2.0","method":"m"}', None),
        (b'{"jsonrpc":"2.0","id":3,"result":{}}', None),
        (b'{"id":3,"method":"m"}', None),
        (b"plain text", None),
        (b"", None),
    ],
)
def test_peek_id(body: bytes, request_id: int | None) -> None:
    """The id is found where the bytes are a request, and nothing is raised where they are not."""
    assert peek_id(body) == request_id
