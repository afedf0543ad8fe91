"""Callers: over mTLS as an application in the mesh, or through a tunnel as ztunnel makes one."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.edge.certificates import Authority
from examples.edge.envoy import filled
from tools.istio.proof.cases import IDENTITIES, PLACES, Caller, Case, Mode
from tools.istio.proof.proxy import started

ZTUNNEL = Path(__file__).parent.parent / "lab" / "ztunnel.yaml"
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What a caller got."""

    code: int | None
    """None where the connection ended without an answer."""

    body: Mapping[str, Any]
    """As JSON, where it was."""


@dataclass(frozen=True)
class Door:
    """Where a caller's request goes in, and with what it opens."""

    address: str
    port: int
    tls: ssl.SSLContext | None


def ask(door: Door, mode: Mode, case: Case, number: str) -> Answer:
    """Send *case* through *door*."""
    place = PLACES[mode]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": case.tool}}
    headers = {
        "host": place.other_host if case.elsewhere else place.host,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "x-case": number,
        **case.forged,
    }
    connection: http.client.HTTPConnection
    if door.tls is None:
        connection = http.client.HTTPConnection(door.address, door.port, timeout=TIMEOUT_SECONDS)
    else:
        connection = http.client.HTTPSConnection(
            door.address, door.port, timeout=TIMEOUT_SECONDS, context=door.tls
        )
    try:
        connection.request("POST", "/mcp", json.dumps(call), headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException):
        return Answer(None, {})
    finally:
        connection.close()
    try:
        return Answer(answer.status, json.loads(text))
    except ValueError:
        return Answer(answer.status, {})


@contextmanager
def doors(
    authorities: Mapping[Caller, Authority], addresses: Mapping[Mode, tuple[str, int]],
    waypoint_service: str, folder: Path,
) -> Iterator[Mapping[tuple[Mode, Caller], Door]]:  # fmt: skip
    """Give the way in of every caller in every mode."""
    made: dict[tuple[Mode, Caller], Door] = {}
    with ExitStack() as tunnels:
        for mode, (address, port) in addresses.items():
            made[mode, Caller.NOBODY] = Door(address, port, None)
        for number, (caller, authority) in enumerate(authorities.items()):
            certificate, key = authority.issue(caller.value, IDENTITIES[caller])
            roots = authorities[Caller.PLANNER].roots
            tls = ssl.create_default_context(cafile=str(roots))
            tls.check_hostname = False  # its name is a SPIFFE ID
            tls.load_cert_chain(certificate, key)
            for mode in (Mode.GATEWAY, Mode.SIDECAR):
                made[mode, caller] = Door(*addresses[mode], tls)
            port = 17001 + number
            values = {
                "ADMIN": 17101 + number, "PORT": port, "AUTHORITY": waypoint_service,
                "CERTIFICATE": certificate, "KEY": key, "ROOTS": roots,
                "WAYPOINT": addresses[Mode.WAYPOINT][0],
            }  # fmt: skip
            name = f"ztunnel-{caller.value}"
            tunnels.enter_context(started(name, filled(ZTUNNEL, values), 17101 + number, folder))
            made[Mode.WAYPOINT, caller] = Door("127.0.0.1", port, None)
        yield made
