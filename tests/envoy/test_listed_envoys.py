"""Promise 9: a Check is believed only of an Envoy that the listener lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.directory.listening import Listener, MutualTLS
from authz.model.spiffe import SpiffeId
from authz.server.decision_point import DecisionPoint
from authz.server.pyvoy.bootstrap import ARRIVED, PEER
from examples.edge.certificates import Authority
from examples.edge.envoy import ENVOY_ID, Place, running_envoy
from tests.support.cases import Case, case_named
from tests.support.clients import Door, send_http1
from tests.support.direct import KeptRecords, check_of
from tests.support.edge import headers_of
from tests.support.envoy import opened_configuration
from tests.support.front import serving_face
from tests.support.ports import reserved_port
from tests.support.upstream import Upstream
from tests.support.values import replace

TIMEOUT_SECONDS = 10
OTHER_ENVOY = "spiffe://example.org/ns/edge/sa/other-envoy"


@dataclass(frozen=True)
class TcpGate:
    """A gate that takes Checks by mTLS from `ENVOY_ID` alone."""

    port: int
    authority: Authority
    records: KeptRecords
    case: Case

    def ask(
        self, *identities: str, authority: Authority | None = None, says: str | None = None
    ) -> CheckResponse:
        """Send the Check of an allowed call with a certificate for *identities*.

        Where *says* is given it stands in the metadata that a front writes for itself.
        """
        metadata = [(PEER, says), (PEER, says), (ARRIVED, "1")] if says else []
        name = "-".join(identity.rpartition("/")[2] for identity in identities) or "nobody"
        certificate, key = (authority or self.authority).issue(name, *identities)
        credentials = grpc.ssl_channel_credentials(
            self.authority.roots.read_bytes(), key.read_bytes(), certificate.read_bytes()
        )
        with grpc.secure_channel(f"127.0.0.1:{self.port}", credentials) as channel:
            check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
            response: CheckResponse = check(
                check_of(self.case), timeout=TIMEOUT_SECONDS, metadata=metadata
            )
        return response


@pytest.fixture
def gate(decision_point: DecisionPoint, tmp_path: Path) -> Iterator[TcpGate]:
    """A gate with one TCP listener."""
    with _running(decision_point, tmp_path) as running:
        yield running


@contextmanager
def _running(decision_point: DecisionPoint, folder: Path) -> Iterator[TcpGate]:
    authority, records, case = Authority(folder), KeptRecords(), case_named("search-allowed")
    authority.issue("gate", "spiffe://example.org/ns/narrowgate/sa/gate")
    files = ("gate.pem", "gate.key", authority.roots.name)
    callers = frozenset({SpiffeId.parse(ENVOY_ID)})
    served = replace(decision_point, records=records, clock=lambda: case.now)
    with reserved_port() as port:
        listener = Listener("out", MutualTLS("127.0.0.1", port, *files, callers))
        with serving_face(served, listener, folder):
            yield TcpGate(port, authority, records, case)


def _token_in(response: CheckResponse) -> bool:
    return response.status.code == 0 or bool(response.ok_response.headers)


def test_a_listed_envoy_is_answered(gate: TcpGate) -> None:
    """The listed Envoy gets the token, so the refusals below are for who asks."""
    assert _token_in(gate.ask(ENVOY_ID))


@pytest.mark.parametrize(
    "identities",
    [
        ("spiffe://example.org/ns/research/sa/research-agent",),
        (OTHER_ENVOY,),
        (f"{ENVOY_ID}/x",),
        (ENVOY_ID, OTHER_ENVOY),
        (),
    ],
    ids=["an agent", "another Envoy", "a longer path", "two identities", "no identity"],
)
def test_nobodys_envoy_gets_no_token(identities: tuple[str, ...], gate: TcpGate) -> None:
    """Whoever is not listed gets an explicit 503 and no token, and the refusal is recorded."""
    response = gate.ask(*identities)

    assert not _token_in(response)
    assert response.denied_response.status.code == 503
    (record,) = gate.records.rows
    assert (record["reason"], record["workload"], record["token"]) == ("fault", None, None)


@pytest.mark.parametrize("identities", [(OTHER_ENVOY,), ()], ids=["another", "nobody"])
def test_a_name_in_metadata_proves_nothing(identities: tuple[str, ...], gate: TcpGate) -> None:
    """Who writes the listed name where a front keeps what TLS has proven is still a stranger."""
    assert not _token_in(gate.ask(*identities, says=ENVOY_ID))
    assert [row["reason"] for row in gate.records.rows] == ["fault"]


def test_a_listed_envoy_cannot_unsay_its_name(gate: TcpGate) -> None:
    """What the certificate proves stands, whatever is written beside it."""
    assert _token_in(gate.ask(ENVOY_ID, says=OTHER_ENVOY))


def test_a_certificate_of_somebody_elses_authority(gate: TcpGate, tmp_path: Path) -> None:
    """The listed name in a certificate of another authority does not even get a connection."""
    with pytest.raises(grpc.RpcError):
        gate.ask(ENVOY_ID, authority=Authority(tmp_path / "other"))
    assert gate.records.rows == []


def test_no_certificate(gate: TcpGate) -> None:
    """Without a certificate there is no connection, nor in plain text."""
    credentials = grpc.ssl_channel_credentials(gate.authority.roots.read_bytes())
    address = f"127.0.0.1:{gate.port}"
    for channel in (grpc.secure_channel(address, credentials), grpc.insecure_channel(address)):
        with channel:
            check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
            with pytest.raises(grpc.RpcError):
                check(check_of(gate.case), timeout=TIMEOUT_SECONDS)
    assert gate.records.rows == []


@pytest.mark.parametrize(("identity", "reaches"), [(ENVOY_ID, 1), (OTHER_ENVOY, 0)])
def test_through_a_real_envoy(identity: str, reaches: int, gate: TcpGate, tmp_path: Path) -> None:
    """A real Envoy lets a call through if the gate lists it; behind another nothing arrives."""
    with Upstream() as upstream:
        place = Place(tmp_path / "envoy", gate.authority, tmp_path / "unused", upstream.port)
        bootstrap = opened_configuration(place, ["tools/docs"])
        _ask_by_tls(bootstrap, place, identity, gate)
        with running_envoy(place, bootstrap) as port:
            who = gate.authority.issue("agent", gate.case.principal)
            door = Door(port, gate.authority.roots, who)
            case = gate.case
            response = send_http1(door, case.method, case.path, headers_of(case), case.body)

        assert len(upstream.seen) == reaches
    assert (response.status == 200) is bool(reaches)
    assert gate.records.rows[0]["reason"] == ("allow" if reaches else "fault")


def _ask_by_tls(bootstrap: dict[str, Any], place: Place, identity: str, gate: TcpGate) -> None:
    """Let Envoy ask by mTLS, as *identity*."""
    certificate, key = place.authority.issue("asking", identity)
    (cluster,) = [
        each for each in bootstrap["static_resources"]["clusters"] if each["name"] == "narrowgate"
    ]
    (locality,) = cluster["load_assignment"]["endpoints"]
    address = {"address": "127.0.0.1", "port_value": gate.port}
    locality["lb_endpoints"] = [{"endpoint": {"address": {"socket_address": address}}}]
    kind = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    pair = {
        "certificate_chain": {"filename": str(certificate)},
        "private_key": {"filename": str(key)},
    }
    cluster["transport_socket"] = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"type.googleapis.com/{kind}",
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "tls_certificates": [pair],
                "validation_context": {"trusted_ca": {"filename": str(place.authority.roots)}},
            },
        },
    }
