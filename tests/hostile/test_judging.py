"""The judges of the traps can say no: whatever is changed in a good end is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from authz.directory.compiled import Directory
from authz.server.decision_point import DecisionPoint
from tests.hostile.arrived import strange_arrivals
from tests.hostile.edges import Edges
from tests.hostile.judging import Met, misread_calls, never_arrived, spring, wrong_answers
from tests.hostile.traps import all_traps
from tests.support.clients import Response
from tests.support.edge import Edge
from tests.support.upstream import Seen
from tests.support.values import replace

AS_IT_IS = next(trap for trap in all_traps() if trap.name == "as it is")
PUBLIC = next(trap for trap in all_traps() if trap.name == "public as it is")
REFUSED = next(trap for trap in all_traps() if trap.name == "id like a header")


@pytest.fixture(scope="module")
def directory(decision_point: DecisionPoint) -> Directory:
    """Who and what is declared."""
    return decision_point.world.directory


@pytest.fixture(scope="module")
def edges(
    edge: Edge, decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Edges:
    """The Envoy of the cases, and no other."""
    return Edges(edge, decision_point, tmp_path_factory.mktemp("edges"))


@pytest.fixture(scope="module")
def allowed(edges: Edges, directory: Directory) -> Met:
    """The allowed search, which arrived as it must."""
    met = spring(AS_IT_IS, edges, (), directory)
    assert (met.wrong_allows, met.wrong_answers) == ([], [])
    return met


@pytest.fixture(scope="module")
def refused(edges: Edges, directory: Directory) -> Met:
    """A refused call, which was answered as it must."""
    met = spring(REFUSED, edges, (), directory)
    assert (met.wrong_allows, met.wrong_answers) == ([], [])
    return met


def _with(*more: tuple[str, str]) -> Callable[[Seen], Sequence[Seen]]:
    return lambda seen: [replace(seen, headers=(*seen.headers, *more))]


def _without(name: str, *instead: tuple[str, str]) -> Callable[[Seen], Sequence[Seen]]:
    return lambda seen: [
        replace(seen, headers=(*(pair for pair in seen.headers if pair[0] != name), *instead))
    ]


ARRIVALS: Mapping[str, Callable[[Seen], Sequence[Seen]]] = {
    "twice": lambda seen: [seen, seen],
    "with another path": lambda seen: [replace(seen, path="/admin")],
    "with another method": lambda seen: [replace(seen, method="DELETE")],
    "with another body": lambda seen: [replace(seen, body=seen.body + b" ")],
    "for another host": _without("host", ("host", "docs.reports.svc.cluster.local")),
    "without a decision": _without("x-narrowgate-decision"),
    "without its user": _without("x-narrowgate-user"),
    "as another user": _without("x-narrowgate-user", ("x-narrowgate-user", "corp/root")),
    "as two users": _with(("X-Narrowgate-User", "corp/root")),
    "as another agent": _without("x-narrowgate-agent", ("x-narrowgate-agent", "a/b")),
    "as another workload": _without("x-workload-spiffe-id"),
    "with an underscore": _with(("x_narrowgate_user", "corp/root")),
    "with XFCC": _with(("x-forwarded-client-cert", "URI=-")),
    "with a key": _with(("x-api-key", "x")),
    "with a header for Envoy": _with(("x-envoy-retry-on", "5xx")),
    "with an upgrade": _with(("upgrade", "h2c")),
    "with a header that nobody sent": _with(("x-role", "admin")),
    "with two credentials": _with(("authorization", "Bearer x")),
    "without a credential": _without("authorization"),
}


@pytest.mark.parametrize("change", ARRIVALS.values(), ids=ARRIVALS.keys())
def test_what_arrived_wrongly_is_found(
    change: Callable[[Seen], Sequence[Seen]], allowed: Met, directory: Directory
) -> None:
    """Whatever the upstream sees too much, or in another way, is a wrong allow."""
    assert [*strange_arrivals(AS_IT_IS, allowed.records, change(allowed.seen[0]), directory)]


BARE: Mapping[str, Callable[[Seen], Sequence[Seen]]] = {
    "twice": lambda seen: [seen, seen],
    "with another path": lambda seen: [replace(seen, path="/search")],
    "with another method": lambda seen: [replace(seen, method="DELETE")],
    "with a decision": _with(("x-narrowgate-decision", "d")),
    "as a user": _with(("x-narrowgate-user", "corp/root")),
    "as a workload": _with(("x-workload-spiffe-id", "spiffe://example.org/root")),
    "with a credential": _with(("authorization", "Bearer x")),
}


@pytest.mark.parametrize("change", BARE.values(), ids=BARE.keys())
def test_what_is_not_bare_is_found(
    change: Callable[[Seen], Sequence[Seen]], edges: Edges, directory: Directory
) -> None:
    """A public operation arrives with nobody's name, and as the one that was asked for."""
    met = spring(PUBLIC, edges, (), directory)
    assert (met.wrong_allows, met.wrong_answers) == ([], [])

    assert [*strange_arrivals(PUBLIC, met.records, change(met.seen[0]), directory)]


def test_the_callers_credential_is_found(allowed: Met, directory: Directory) -> None:
    """The credential that came in is recognised wherever it goes on."""
    (sent,) = [value for name, value in AS_IT_IS.case.headers if name == "authorization"]
    (seen,) = _with(("accept", sent))(allowed.seen[0])

    found = [*strange_arrivals(AS_IT_IS, allowed.records, [seen], directory)]

    assert found == ["the caller's credential arrived"]


RECORDS: Mapping[str, Any] = {
    "another subject": {"sub": "corp/root"},
    "another audience": {"aud": "https://other.example"},
    "more scopes": {"scope": ["docs:read", "docs:write"]},
    "a longer life": {"exp": 1},
}


@pytest.mark.parametrize("told", RECORDS.values(), ids=RECORDS.keys())
def test_a_token_of_another_record_is_found(
    told: Mapping[str, Any], allowed: Met, directory: Directory
) -> None:
    """The token that arrives says what the record says."""
    record = {**allowed.records[0], "token": {**allowed.records[0]["token"], **told}}

    assert [*strange_arrivals(AS_IT_IS, [record], allowed.seen, directory)]


def test_a_shorter_chain_is_found(allowed: Met, directory: Directory) -> None:
    """The chain that arrives has every agent of the record."""
    record = {**allowed.records[0], "chain": [*allowed.records[0]["chain"], "a/b"]}

    assert [*strange_arrivals(AS_IT_IS, [record], allowed.seen, directory)]


@dataclass(frozen=True)
class Said:
    """A reader that says what it is told."""

    said: Mapping[str, Any]
    language: str = "none"

    def read(self, _body: bytes, _names: Sequence[str]) -> Mapping[str, Any]:
        """Say it."""
        return self.said


GOOD = {"method": "tools/call", "asked": "search", "arguments": {"query": "tides"}}
READ = {
    "another tool": {**GOOD, "asked": "purge"},
    "another method": {**GOOD, "method": "tools/list"},
    "another argument": {**GOOD, "arguments": {"query": "tides", "limit": 1}},
    "another field": {**GOOD, "fields": {"query": "tides", "limit": 1}},
    "no field": {**GOOD, "fields": {}},
    "an error": {"error": "no JSON"},
}


@pytest.mark.parametrize("said", READ.values(), ids=READ.keys())
def test_a_call_read_otherwise_is_found(
    said: Mapping[str, Any], allowed: Met, directory: Directory
) -> None:
    """A reader in another language that would run another call is heard."""
    good, bad = ([Said(each)] for each in (GOOD, said))

    assert [*misread_calls(allowed.records, allowed.seen, good, directory)] == []
    assert [*misread_calls(allowed.records, allowed.seen, bad, directory)]


ANSWERS: Mapping[str, Callable[[Response], Response]] = {
    "another status": lambda answer: replace(answer, status=403),
    "a header too many": lambda answer: replace(answer, headers={**answer.headers, "x-evil": "1"}),
    "another decision": lambda answer: replace(
        answer, headers={**answer.headers, "x-narrowgate-decision": "1"}
    ),
    "a word of the caller's": lambda answer: replace(
        answer, body=answer.body.replace(b"Denied", b"purge is denied")
    ),
}


@pytest.mark.parametrize("change", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_wrong_answer_is_found(change: Callable[[Response], Response], refused: Met) -> None:
    """Whatever an answer says too much, or otherwise, is a wrong answer."""
    assert [*wrong_answers(REFUSED, [change(refused.responses[0])], refused.records)]


def test_a_missing_record_is_found(refused: Met) -> None:
    """A refusal that nobody recorded is a wrong answer."""
    assert [*wrong_answers(REFUSED, refused.responses, [])]


def test_an_allow_that_never_arrived_is_found(allowed: Met) -> None:
    """What is recorded as allowed reaches the upstream."""
    assert [*never_arrived(allowed.records, allowed.seen)] == []
    assert [*never_arrived(allowed.records, [])]
