"""`steps.read`: what is refused before anybody is asked who sent it."""

from __future__ import annotations

import pytest

from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.operation import Message
from authz.model.outcome import NO_ANSWERS, Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.steps.given import Given, Route
from authz.steps.read import MAX_HEADER_BYTES, MAX_HEADERS, PARTIAL_BODY, read_request
from authz.wire.check import unread_call
from tests.support.values import replace

BODY = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
CALL: Call = replace(
    unread_call("out", decision="d-1", new_trace="t-1"),
    method="POST",
    path="/mcp",
    host="docs.tools.svc.cluster.local",
    headers={"content-type": "application/json"},
    body=BODY,
    size=len(BODY),
)


def read(call: Call, target: str, decision_point: DecisionPoint) -> Message | Reason:
    """Give the message of *call*, or why it is refused."""
    world = decision_point.world
    route = Route(world.directory.targets.get(target))
    answer = read_request(Given(call, world, Instant(1), NO_ANSWERS), Facts(call, route))
    assert isinstance(answer, Passed | Refused)
    return answer.fact if isinstance(answer, Passed) else answer.reason


@pytest.mark.parametrize("target", ["tools/docs", "nobody/knows"])
def test_sound(target: str, decision_point: DecisionPoint) -> None:
    """The call that the rows below change is read, whatever Envoy routes to."""
    assert isinstance(read(CALL, target, decision_point), Message)


REFUSED = {
    "no method": (replace(CALL, method=""), Reason.UNREADABLE_REQUEST),
    "no path": (replace(CALL, path=""), Reason.UNREADABLE_REQUEST),
    "no host": (replace(CALL, host=""), Reason.UNREADABLE_REQUEST),
    "a header too many": (
        replace(CALL, headers={f"x-{n}": "" for n in range(MAX_HEADERS + 1)}),
        Reason.UNREADABLE_REQUEST,
    ),
    "a value too many of one header": (
        replace(CALL, headers={"x": "," * MAX_HEADERS}),
        Reason.UNREADABLE_REQUEST,
    ),
    "a byte too many": (
        replace(CALL, headers={"x": "x" * MAX_HEADER_BYTES}),
        Reason.UNREADABLE_REQUEST,
    ),
    "a body that Envoy cut off": (
        replace(CALL, headers={PARTIAL_BODY: "true"}),
        Reason.BODY_TRUNCATED,
    ),
    "a body that is longer than what came": (
        replace(CALL, size=len(BODY) + 1),
        Reason.BODY_TRUNCATED,
    ),
    "two credentials": (
        replace(CALL, headers={"authorization": "Bearer a,Bearer b"}),
        Reason.AMBIGUOUS_REQUEST,
    ),
    "an encoded body": (
        replace(CALL, headers={"content-encoding": "identity"}),
        Reason.AMBIGUOUS_REQUEST,
    ),
}


@pytest.mark.parametrize("target", ["tools/docs", "nobody/knows"])
@pytest.mark.parametrize(("call", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(call: Call, reason: Reason, target: str, decision_point: DecisionPoint) -> None:
    """What is refused for itself is refused whatever Envoy routes to, a target or nothing."""
    assert read(call, target, decision_point) is reason


def test_body_as_text(decision_point: DecisionPoint) -> None:
    """A body that came as text may have lost bytes that the upstream will get."""
    found = read(replace(CALL, is_lossy=True), "tools/docs", decision_point)

    assert found is Reason.AMBIGUOUS_REQUEST


def test_as_many_headers_as_there_is_room_for(decision_point: DecisionPoint) -> None:
    """The bounds of headers let through what just fits, names counted."""
    many = {f"x-{n}": "" for n in range(MAX_HEADERS - 1)}
    long = {"x": "x" * (MAX_HEADER_BYTES - 1)}
    kind = {"content-type": "application/json"}
    fits = {"x": "x" * (MAX_HEADER_BYTES - 1 - len("content-typeapplication/json"))}

    assert isinstance(
        read(replace(CALL, headers={**many, **kind}), "tools/docs", decision_point), Message
    )
    assert isinstance(
        read(replace(CALL, headers={**fits, **kind}), "tools/docs", decision_point), Message
    )
    assert (
        read(replace(CALL, headers={**long, **kind}), "tools/docs", decision_point)
        is Reason.UNREADABLE_REQUEST
    )


HOSTS = {
    "as declared": ("docs.tools.svc.cluster.local", True),
    "in capitals": ("DOCS.tools.svc.cluster.local", True),
    "with a port": ("docs.tools.svc.cluster.local:8080", True),
    "with the root's dot": ("docs.tools.svc.cluster.local.", True),
    "with dot and port": ("docs.tools.svc.cluster.local.:8080", True),
    "with a word for a port": ("docs.tools.svc.cluster.local:http", False),
    "with no port behind a colon": ("docs.tools.svc.cluster.local:", False),
    "with two dots": ("docs.tools.svc.cluster.local..", False),
    "a port alone": (":8080", False),
    "another": ("docs.reports.svc.cluster.local", False),
}


@pytest.mark.parametrize(("host", "is_named"), HOSTS.values(), ids=HOSTS)
def test_hosts(host: str, is_named: bool, decision_point: DecisionPoint) -> None:  # noqa: FBT001
    """The `Host` is one of the target's, in any case, with or without a port."""
    found = read(replace(CALL, host=host), "tools/docs", decision_point)

    assert isinstance(found, Message) if is_named else found is Reason.AMBIGUOUS_REQUEST


OWN_HOSTS = {
    "a kelvin sign is no k": ("desk.example", "des\u212a.example", False),
    "the one port that is meant": ("desk.example:8443", "desk.example:8443", True),
    "another port": ("desk.example:8443", "desk.example:443", False),
    "no port where one is meant": ("desk.example:8443", "desk.example", False),
}


@pytest.mark.parametrize(("declared", "host", "is_named"), OWN_HOSTS.values(), ids=OWN_HOSTS)
def test_declared_hosts(
    declared: str, host: str, is_named: bool, decision_point: DecisionPoint  # noqa: FBT001
) -> None:  # fmt: skip
    """A host that is declared with a port means that port, and no letter stands for another."""
    world = decision_point.world
    target = replace(world.directory.targets["tools/docs"], hosts=frozenset({declared}))
    given = Given(replace(CALL, host=host), world, Instant(1), NO_ANSWERS)
    answer = read_request(given, Facts(given.call, Route(target)))

    assert isinstance(answer, Passed) is is_named


@pytest.mark.parametrize(
    "path", ["/", "/mcp/", "/MCP", "//mcp", "/mcp;x", "/mcp?", "/mcp?x", "/%6dcp"]
)
def test_paths(path: str, decision_point: DecisionPoint) -> None:
    """The path is the target's to the byte, and without a query string."""
    found = read(replace(CALL, path=path), "tools/docs", decision_point)

    assert found is Reason.AMBIGUOUS_REQUEST
