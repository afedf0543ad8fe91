"""Each worker has addresses of its own; two that are one are told before anything starts."""

from __future__ import annotations

import pytest

from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.workers.places import PlacesCollide, check_places, place_of

TLS = MutualTLS("::1", 9001, "c", "k", "r", frozenset())


def socket(path: str, name: str = "out") -> Listener:
    return Listener(name, UnixSocket(path))


def port(number: int, host: str = "127.0.0.1", name: str = "out") -> Listener:
    return Listener(name, MeshRestricted(host, number, "the mesh"))


@pytest.mark.parametrize(
    ("declared", "worker", "placed"),
    [
        (socket("run/out.sock"), 0, socket("run/out.sock")),
        (socket("run/out.sock"), 1, socket("run/out.1.sock")),
        (socket("/run/a.b/out.v2.sock"), 12, socket("/run/a.b/out.v2.12.sock")),
        (socket("run/out"), 2, socket("run/out.2")),
        (port(9001), 0, port(9001)),
        (port(9001), 3, port(9004)),
    ],
    ids=str,
)
def test_place(declared: Listener, worker: int, placed: Listener) -> None:
    """The first worker is where the listener is declared, the others beside it."""
    assert place_of(declared, worker) == placed


def test_all_else_stays() -> None:
    """A listener's other members are those of each worker."""
    listener = Listener("in", TLS)
    placed = place_of(listener, 2).address

    assert isinstance(placed, MutualTLS)
    assert (placed.port, placed.host, placed.certificate) == (9003, "::1", "c")


@pytest.mark.parametrize(
    "listeners",
    [
        (port(9001), port(9002, name="in")),
        (port(9001), port(9003, "0.0.0.0", name="in")),
        (socket("run/out.sock"), socket("run/out.2.sock", "in")),
    ],
    ids=str,
)
def test_collision(listeners: tuple[Listener, Listener]) -> None:
    """Listeners that are apart for one process and meet for three are told, by their names."""
    check_places(listeners, 1)

    with pytest.raises(PlacesCollide, match=r"listener in .* listener out .* 3 workers"):
        check_places(listeners, 3)


def test_no_collision() -> None:
    """One port of two hosts is two addresses, and so are sockets in two folders."""
    check_places((port(9001), port(9001, "127.0.0.2", "in")), 3)
    check_places((socket("a/out.sock"), socket("b/out.sock", "in")), 3)


def test_ports_end() -> None:
    """There is no port beyond the last."""
    with pytest.raises(PlacesCollide, match="65536"):
        check_places((port(65_535),), 2)
