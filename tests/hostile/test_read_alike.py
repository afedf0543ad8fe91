"""What is accepted is read alike elsewhere: drawn bodies, and those of the cases."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from authz.model.operation import ToolCall
from authz.model.strict_json import JSON, read_json
from authz.policy.arguments import BadArgument, check_exact
from authz.protocols.mcp import read_message
from authz.protocols.unreadable import Unreadable
from tests.hostile.readers import Reader
from tests.laws.test_json import texts
from tests.support.cases import all_cases

HEADERS = {"content-type": "application/json"}
PIECES = (
    *(b'"name"', b'"Name"', b'"n\\u0061me"', b'"name\\u0000"', b'"arguments"', b'"ARGUMENTS"'),
    *(b'"purge"', b'"search"', b":", b",", b"{", b"}", b"[", b"]", b'"', b"\\", b"\x00", b" "),
    *(b"null", b"-0", b"1e400", b"9007199254740993", b"0.1", b"\xef\xbb\xbf", b"\xed\xa0\x80"),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b'"__proto__"', b'"\xc5\xbf"', b"/**/", b"NaN"),
)
odd_numbers = st.sampled_from(
    [
        *("-0", "-0.0", "1e2", "1E+2", "0.1", "5e-324", "2e-324", "1.7976931348623157e308"),
        *("9007199254740991", "9007199254740992", "0.30000000000000004", "0.3000000000000000444"),
    ]
)
exact = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(width=32) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
calls = st.tuples(
    st.one_of(st.just("search"), texts),
    st.one_of(
        st.dictionaries(texts, exact, max_size=3).map(json.dumps),
        st.builds('{{"query": {}, "n": [{}]}}'.format, texts.map(json.dumps), odd_numbers),
    ),
).map(
    lambda call: (
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
        f'{json.dumps(call[0])},"arguments":{call[1]}}}}}'
    ).encode()
)
bodies = st.one_of(
    calls,
    st.tuples(calls, st.integers(0, 140), st.integers(0, 3), st.sampled_from(PIECES)).map(
        lambda drawn: (
            drawn[0][: drawn[1]] + drawn[3] + drawn[0][drawn[1] + drawn[2] :]  # some bytes replaced
        )
    ),
)


def accepted(body: bytes) -> ToolCall | None:
    """Give the call of *body* if it could ever be allowed: read, and every number exact."""
    try:
        operation = read_message("POST", HEADERS, body, len(body)).operation
        if isinstance(operation, ToolCall):
            check_exact(operation.arguments)
            return operation
    except (Unreadable, BadArgument):
        pass
    return None


def differences(call: ToolCall, body: bytes, readers: Sequence[Reader]) -> Iterator[str]:
    """Give what other readers say otherwise."""
    judged: Mapping[str, JSON] = {
        "method": "tools/call",
        "asked": call.tool,
        "arguments": dict(call.arguments),
    }
    for reader in readers:
        said = read_json(json.dumps(reader.read(body, [])).encode())
        assert isinstance(said, dict)
        if any(said.get(member) != judged[member] for member in judged):
            yield f"{reader.language} reads {said}, judged would be {judged}"


@given(body=bodies)
def test_drawn_bodies(body: bytes, readers: tuple[Reader, ...]) -> None:
    """Whatever our reader accepts, and policy could judge, is the same call to every reader."""
    call = accepted(body)
    event("accepted" if call else "refused")
    if call:
        assert [*differences(call, body, readers)] == []


def test_bodies_of_the_cases(readers: tuple[Reader, ...]) -> None:
    """So is every call of the cases."""
    calls = [(call, case.body) for case in all_cases() if (call := accepted(case.body))]

    assert len(calls) > 50
    for call, body in calls:
        assert [*differences(call, body, readers)] == []
