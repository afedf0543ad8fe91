"""`directory.listeners`: an address compiles to the wall that its document declares."""

from __future__ import annotations

from typing import Any

import pytest

from authz.directory.gate_documents import ListenerSpec
from authz.directory.listeners import compile_listener
from authz.directory.listening import ByMetadata, MeshRestricted, MutualTLS, UnixSocket
from authz.model.spiffe import SpiffeId

ENVOY = "spiffe://example.org/ns/edge/sa/envoy"
TLS = {"certificate": "gate.pem", "key": "gate.key", "clients": "roots.pem"}


def spec_of(address: str, **members: Any) -> ListenerSpec:
    """Give a listener at *address*."""
    row = {"name": "out", "address": address, "direction": "out", "identity": "principal"}
    return ListenerSpec.model_validate({**row, **members})


def test_walls() -> None:
    """A socket, mTLS from listed identities, and a port that is said to be restricted."""
    mutual = spec_of("h:1", tls=TLS, callers={"spiffe": [ENVOY]})
    listed = frozenset({SpiffeId.parse(ENVOY)})
    by_tls = MutualTLS("h", 1, "gate.pem", "gate.key", "roots.pem", listed)

    assert compile_listener(spec_of("unix:a")).address == UnixSocket("a")
    assert compile_listener(mutual).address == by_tls
    assert compile_listener(spec_of("h:1", callers={"mesh": "m"})).address == MeshRestricted(
        "h", 1, "m"
    )


@pytest.mark.parametrize("members", [{}, {"callers": {"spiffe": [ENVOY]}}, {"tls": TLS}], ids=str)
def test_no_wall(members: dict[str, Any]) -> None:
    """What passed no check of its wall does not become a listener that anybody may use."""
    with pytest.raises(ValueError, match="does not compile"):
        compile_listener(spec_of("h:1", **members))


def test_tls_beside_a_mesh() -> None:
    """Where a mesh is named, no identity is listed."""
    found = compile_listener(spec_of("h:1", tls=TLS, callers={"mesh": "m"}))

    assert found.address == MeshRestricted("h", 1, "m")


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({}, ByMetadata("x-peer-principal", "x-local-principal", None)),
        ({"metadata": {"key": "x-who"}}, ByMetadata("x-who", "x-local-principal", None)),
        (
            {"metadata": {"by": ENVOY}},
            ByMetadata("x-peer-principal", "x-local-principal", SpiffeId.parse(ENVOY)),
        ),
        (
            {"metadata": {"by": ENVOY, "byKey": "x-self"}},
            ByMetadata("x-peer-principal", "x-self", SpiffeId.parse(ENVOY)),
        ),
    ],
    ids=str,
)
def test_metadata(members: dict[str, Any], found: ByMetadata) -> None:
    """What is not declared of the keys is as a waypoint is told to write it by default."""
    assert compile_listener(spec_of("unix:a", identity="metadata", **members)).identity == found


@pytest.mark.parametrize("identity", ["xfcc", "client", "none"])
def test_no_identity(identity: str) -> None:
    """A listener that lacks what its identity needs does not become one that proves nobody."""
    with pytest.raises(ValueError, match="does not compile"):
        compile_listener(spec_of("unix:a", identity=identity))
