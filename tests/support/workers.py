"""A gate of two workers behind an Envoy, as `envoy/workers.yaml` says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from examples.edge.envoy import filled
from tests.support.served import Served

WORKERS = Path(__file__).parent.parent.parent / "envoy" / "workers.yaml"
TWO = ("--http", "127.0.0.1:0", "--workers", "2")
EXT_AUTHZ = "envoy.filters.http.ext_authz"


def sockets_of(served: Served) -> tuple[Path, Path]:
    """Give where the two workers of *served* listen."""
    return served.socket, served.socket.with_name("out.1.sock")


def with_workers(bootstrap: dict[str, Any], sockets: Sequence[Path]) -> dict[str, Any]:
    """Let *bootstrap* ask the workers at *sockets*."""
    names = {"GATE_SOCKET": sockets[0], "SECOND_GATE_SOCKET": sockets[1]}
    parts = filled(WORKERS, names)
    resources = bootstrap["static_resources"]
    (chain,) = resources["listeners"][0]["filter_chains"]
    filters = chain["filters"][0]["typed_config"]["http_filters"]
    (asking,) = (each["typed_config"] for each in filters if each["name"] == EXT_AUTHZ)
    asking["grpc_service"] = parts["grpc_service"]
    clusters = [each for each in resources["clusters"] if each["name"] != "narrowgate"]
    resources["clusters"] = [parts["cluster"], *clusters]
    return bootstrap
