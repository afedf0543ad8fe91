"""A gate, a real Envoy and an upstream: what stands between a test and a tool."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authz.server.decision_point import DecisionPoint
from examples.edge.certificates import Authority
from examples.edge.envoy import Place, running_envoy
from tests.support.cases import Case
from tests.support.clients import Door, Response, send_http1, send_http2
from tests.support.envoy import TARGET_HEADER, opened_configuration
from tests.support.gate import Gate, running_gate
from tests.support.upstream import Seen, Upstream

SENDERS = {1: send_http1, 2: send_http2}


@dataclass
class Edge:
    """The running parts."""

    folder: Path
    port: int
    gate: Gate
    authority: Authority
    upstream: Upstream
    _doors: dict[tuple[str, ...], Door] = field(default_factory=dict)
    _read: int = 0
    """Bytes of the records that `new_records` has given."""

    def door(self, *principals: str) -> Door:
        """Give the way in for who is named so in a certificate; an empty name shows none."""
        if principals not in self._doors:
            identity = None
            if any(principals):
                identity = self.authority.issue(f"client-{len(self._doors)}", *principals)
            self._doors[principals] = Door(self.port, self.authority.roots, identity)
        return self._doors[principals]

    def send(self, case: Case) -> tuple[Response, list[Seen], dict[str, Any]]:
        """Send *case* at its own instant; give answer, what upstream saw, and the record."""
        self.gate.clock.moment = case.now
        self.new_records()
        before = len(self.upstream.seen)
        response = self.send_raw(case)
        written = self.new_records()
        assert len(written) == 1, f"{len(written)} records for one request"
        return response, self.upstream.seen[before:], written[0]

    def send_raw(self, case: Case) -> Response:
        """Send *case* and give the answer alone."""
        send = SENDERS[case.http]
        door = self.door(case.principal)
        return send(door, case.method, case.path, headers_of(case), case.body)

    def new_records(self) -> list[dict[str, Any]]:
        """Give the records since this was last asked."""
        with self.gate.records.open("rb") as written:
            written.seek(self._read)
            lines = written.read()
        self._read += len(lines)
        return [json.loads(line) for line in lines.splitlines()]

    def records(self) -> list[dict[str, Any]]:
        """Give all records so far."""
        text = self.gate.records.read_text()
        return [json.loads(line) for line in text.splitlines()]


def headers_of(case: Case) -> list[tuple[str, str]]:
    """Give the header lines of *case*, with the one that picks its route."""
    target = [(TARGET_HEADER, case.target)] if case.target else []
    return [("host", case.host), *case.headers, *target]


Change = Callable[[dict[str, Any], Authority], None]
"""Changes the bootstrap of an Envoy, for which an authority makes certificates."""


@contextmanager
def running_edge(
    decision_point: DecisionPoint, folder: Path, listener: str = "out", change: Change | None = None
) -> Iterator[Edge]:
    """Run the gate's *listener* behind a real Envoy, with a route for every target of its world."""
    with (
        Upstream() as upstream,
        running_gate(decision_point, folder, listener) as gate,
        running_front(decision_point, folder, gate, upstream.port, change) as (port, authority),
    ):
        yield Edge(folder, port, gate, authority, upstream)


@contextmanager
def running_front(
    decision_point: DecisionPoint,
    folder: Path,
    gate: Gate,
    upstream_port: int,
    change: Change | None = None,
) -> Iterator[tuple[int, Authority]]:
    """Run Envoy before *gate* and an upstream; give its port, and who makes certificates for it."""
    authority = Authority(folder / "pki")
    targets = sorted(decision_point.world.directory.targets)
    place = Place(folder / "envoy", authority, gate.socket, upstream_port)
    bootstrap = opened_configuration(place, targets)
    if change:
        change(bootstrap, authority)
    with running_envoy(place, bootstrap) as port:
        yield port, authority
