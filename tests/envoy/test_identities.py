"""Who asks, read by each kind of listener from what a real Envoy sends: forgeries do not arrive.

One Envoy stands for gateway, sidecar and waypoint: it sends the peer's certificate,
sets `x-forwarded-client-cert` and writes gRPC metadata, all at once. Which of that counts is the
listener's to say, and all listeners serve at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from authz.directory.listening import UnixSocket
from authz.model.instant import Instant
from authz.server.decision_point import DecisionPoint
from authz.server.grpc_face import GrpcFace
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, running_envoy
from tests.identities.world import NAMES, WAYPOINT, every_listener, server_of
from tests.support.cases import Case, case_at, case_named
from tests.support.clients import Door, Response, send_http1
from tests.support.direct import KeptRecords
from tests.support.envoy import TARGET_HEADER, opened_configuration
from tests.support.keys import sign
from tests.support.upstream import Upstream
from tests.support.values import replace
from tests.support.waypoint import XFCC, Change, append_forward, make_waypoint, sanitize_set
from tests.support.worlds import prepare_home

AGENT, OTHER = NAMES["RESEARCH"], NAMES["PAYER"]
WORKLOAD = "x-workload-spiffe-id"
FORGED = (
    (XFCC, f"By={WAYPOINT};URI={OTHER}"),
    ("x-peer-principal", OTHER),
    ("x-caller", OTHER),
    ("x-self", WAYPOINT),
)
"""What a client sends that would like to be somebody else, at whichever listener."""


@dataclass(frozen=True)
class Listeners:
    """A gate that serves by all of its listeners."""

    folder: Path
    home: Path
    server: DecisionPoint
    records: KeptRecords
    authority: Authority
    upstream: Upstream

    def socket(self, name: str) -> Path:
        """Give the socket of the listener *name*."""
        listener = self.server.world.directory.gate.listener(name)
        assert listener is not None
        assert isinstance(listener.address, UnixSocket)
        return self.home / listener.address.path


@pytest.fixture(scope="module")
def listeners(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listeners]:
    """Every kind of listener of one gate, at once."""
    folder = tmp_path_factory.mktemp("who")
    home = every_listener(prepare_home(folder))
    records = KeptRecords()
    server = server_of(home, decision_point)
    served = replace(server, records=records, clock=lambda: Instant(int(time.time())))
    with ExitStack() as opened:
        upstream = opened.enter_context(Upstream())
        for listener in server.world.directory.gate.listeners:
            opened.enter_context(GrpcFace(served, listener, home, drain_seconds=1))
        yield Listeners(folder, home, served, records, Authority(folder / "pki"), upstream)


@contextmanager
def front(listeners: Listeners, name: str, change: Change = sanitize_set) -> Iterator[int]:
    """Run the waypoint's Envoy before the listener *name*; give its port."""
    place = Place(
        listeners.folder / f"{name}-{change.__name__}",
        listeners.authority,
        listeners.socket(name),
        listeners.upstream.port,
    )
    bootstrap = opened_configuration(place, sorted(listeners.server.world.directory.targets))
    make_waypoint(bootstrap, listeners.authority, WAYPOINT, change)
    with running_envoy(place, bootstrap) as port:
        yield port


def call(case: str = "search-allowed") -> Case:
    """Give a call of the worked world whose token is good now."""
    return case_at(case, Instant(int(time.time())))


def client_call(client: str) -> Case:
    """Give the call with a token that was given to *client*, and signed as corp does."""
    now = int(time.time())
    claims = (
        f'{{"iss":"https://idp.example.com","sub":"alice","aud":"https://gate.example.org",'
        f'"client_id":"{client}","iat":{now},"exp":{now + 60},"scope":"docs:read",'
        f'"groups":["researchers"]}}'
    )
    token = sign("corp-1", {"alg": "ES256", "typ": "at+jwt", "kid": "corp-1"}, claims.encode())
    case = call()
    headers = [(name, text) for name, text in case.headers if name != "authorization"]
    return replace(case, headers=(*headers, ("authorization", f"Bearer {token}")))


def send(
    listeners: Listeners, port: int, identities: tuple[str, ...], case: Case, *more: tuple[str, str]
) -> tuple[Response, dict[str, Any], list[dict[str, str]]]:
    """Send *case* with a certificate for *identities*; give answer, record, and what went on."""
    name = str(abs(hash(identities)))
    identity = listeners.authority.issue(name, *identities) if identities else None
    door = Door(port, listeners.authority.roots, identity)
    headers = [("host", case.host), *case.headers, *more]
    if case.target:
        headers.append((TARGET_HEADER, case.target))
    records, seen = len(listeners.records.rows), len(listeners.upstream.seen)
    response = send_http1(door, case.method, case.path, headers, case.body)
    (record,) = listeners.records.rows[records:]
    return response, record, [each.by_name for each in listeners.upstream.seen[seen:]]


READING = {
    "out": "principal",
    "certificate": "certificate",
    "waypoint": "xfcc",
    "beside": "metadata",
    "named": "metadata",
}


@pytest.mark.parametrize(("name", "identity"), READING.items())
def test_the_agent_is_proven(name: str, identity: str, listeners: Listeners) -> None:
    """Forged headers or not, whoever holds the certificate is who asks; nobody else is."""
    with front(listeners, name) as port:
        for more in ((), FORGED):
            response, record, seen = send(listeners, port, (AGENT,), call(), *more)

            assert response.status == 200, record["detail"]
            assert (record["listener"], record["identity"]) == (name, identity)
            assert (record["workload"], record["agent"]) == (AGENT, "research/research-agent")
            (went_on,) = seen
            assert went_on[WORKLOAD] == AGENT
            assert XFCC not in went_on

        response, record, seen = send(listeners, port, (), call(), *FORGED)
        assert (response.status, seen) == (401, [])
        assert (record["reason"], record["step"]) == ("workload_unidentified", 2)


def test_targets_by_host(listeners: Listeners) -> None:
    """A waypoint's route names no target: Host and path do, and others are unknown."""
    with front(listeners, "waypoint") as port:
        nameless = replace(call(), target=None)
        response, record, seen = send(listeners, port, (AGENT,), nameless)
        assert (response.status, record["target"], len(seen)) == (200, "tools/docs", 1)

        elsewhere = replace(nameless, host="docs.example")
        response, record, seen = send(listeners, port, (AGENT,), elsewhere)
        assert (response.status, record["reason"], seen) == (403, "target_unknown", [])


SEVERAL = (
    (f"spiffe://example.org/ns/a,By={WAYPOINT};URI={AGENT}",),
    (f"spiffe://example.org/ns/a;URI={AGENT}",),
    ("https://example.org/x", AGENT),
    (AGENT, OTHER),
    (OTHER, AGENT),
)


@pytest.mark.parametrize("name", ["waypoint", "certificate", "beside"])
def test_certificates_with_two_meanings(name: str, listeners: Listeners) -> None:
    """A certificate whose names play the header's grammar, or are several, proves nobody."""
    with front(listeners, name) as port:
        for identities in SEVERAL:
            response, record, seen = send(listeners, port, identities, call())

            assert (response.status, seen) == (401, []), identities
            assert (record["reason"], record["identity"]) == ("workload_untrusted", None)


def test_a_proxy_that_appends(listeners: Listeners) -> None:
    """Behind an Envoy that keeps its client's element, no call with one passes."""
    with front(listeners, "waypoint", append_forward) as port:
        response, record, seen = send(listeners, port, (OTHER,), call(), FORGED[0])
        assert (response.status, record["reason"], seen) == (401, "workload_untrusted", [])

        response, record, seen = send(listeners, port, (AGENT,), call())
        assert (response.status, record["workload"]) == (200, AGENT)


def test_a_client(listeners: Listeners) -> None:
    """Without TLS identity the token's client is the agent; it is called no workload upstream."""
    with front(listeners, "client") as port:
        good = client_call("research-agent")
        response, record, seen = send(listeners, port, (), good, (WORKLOAD, OTHER))
        assert (response.status, record["identity"]) == (200, "client")
        assert (record["agent"], record["workload"]) == ("research/research-agent", None)
        assert WORKLOAD not in seen[0]

        for identities in ((AGENT,), (OTHER,)):
            response, record, seen = send(listeners, port, identities, good)
            assert (response.status, record["reason"], seen) == (401, "workload_untrusted", [])

        response, record, seen = send(listeners, port, (), call(), *FORGED)
        assert (response.status, record["reason"], seen) == (403, "agent_undeclared", [])


def test_nobody_but_a_user(listeners: Listeners) -> None:
    """Where no agent is proven, only agents can be called, and nothing is let through yet."""
    with front(listeners, "in") as port:
        response, record, seen = send(listeners, port, (AGENT,), call(), *FORGED)
        assert (response.status, record["reason"], seen) == (403, "target_unknown", [])
        assert (record["identity"], record["workload"], record["user"]) == (
            "none",
            None,
            "corp/alice",
        )

        agent = replace(
            call(),
            target="reports/reporting-agent",
            host="reporting-agent.reports.svc.cluster.local",
            path="/",
        )
        response, record, seen = send(listeners, port, (AGENT,), agent)
        assert (response.status, record["reason"], seen) == (200, "operation_undeclared", [])


def test_the_case_told_by_a_real_envoy(listeners: Listeners) -> None:
    """`in-does-not-mix`, as far as it can be sent."""
    expected = case_named("in-does-not-mix").expect
    with front(listeners, "in") as port:
        case = replace(call("in-does-not-mix"), host="docs.tools.svc.cluster.local")
        _, record, seen = send(listeners, port, (), case)

    assert (record["reason"], record["step"], seen) == (expected["reason"], expected["step"], [])
