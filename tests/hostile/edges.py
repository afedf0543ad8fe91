"""The Envoys and listeners that traps are sent to, each started when it is first wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from authz.server.decision_point import DecisionPoint
from examples.edge.certificates import Authority
from tests.identities.world import WAYPOINT, every_listener, server_of
from tests.support.edge import Edge, running_edge
from tests.support.waypoint import Change, append_forward, make_waypoint, sanitize_set
from tests.support.worlds import prepare_home

PLACES: Mapping[str, tuple[str, Change]] = {
    "waypoint": ("waypoint", sanitize_set),
    "appending": ("waypoint", append_forward),
    "certificate": ("certificate", sanitize_set),
    "metadata": ("beside", sanitize_set),
    "client": ("client", sanitize_set),
    "in": ("in", sanitize_set),
}
"""By the name that a trap gives: the listener, and how its Envoy says who asks."""


class Edges:
    """What stands between traps and upstreams."""

    def __init__(self, out: Edge, decision_point: DecisionPoint, folder: Path) -> None:
        """Take the Envoy of the cases as it is; the others are started in *folder*."""
        self._out = out
        self._decision_point = decision_point
        self._folder = folder
        self._started: dict[str, Edge] = {}
        self._running = ExitStack()

    def at(self, name: str) -> Edge:
        """Give the Envoy and listener called *name*."""
        if name == "out":
            return self._out
        if name not in self._started:
            self._started[name] = self._running.enter_context(self._start(name))
        return self._started[name]

    @contextmanager
    def _start(self, name: str) -> Iterator[Edge]:
        listener, change = PLACES[name]
        folder = self._folder / name
        home = every_listener(prepare_home(folder))
        server = server_of(home, self._decision_point)
        with running_edge(server, folder, listener, partial(_changed, change=change)) as edge:
            yield edge

    def close(self) -> None:
        """Stop what was started."""
        self._running.close()


def _changed(bootstrap: dict[str, Any], authority: Authority, *, change: Change) -> None:
    make_waypoint(bootstrap, authority, WAYPOINT, change)


@contextmanager
def running_edges(out: Edge, decision_point: DecisionPoint, folder: Path) -> Iterator[Edges]:
    """Give the Envoys, beginning with *out*, until the block ends."""
    edges = Edges(out, decision_point, folder)
    try:
        yield edges
    finally:
        edges.close()
