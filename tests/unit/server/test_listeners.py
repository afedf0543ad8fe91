"""`server.listeners`: the wall around each address, without a server behind it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import grpc
import pytest

from authz.directory.listening import Listener, MeshRestricted, MutualTLS, UnixSocket
from authz.model.spiffe import SpiffeId
from authz.server.listeners import (
    MAX_SOCKET_PATH,
    PEER_SPIFFE_ID,
    CannotListen,
    admits,
    bind,
    open_certificates,
)
from examples.edge.certificates import Authority

ENVOY = SpiffeId.parse("spiffe://example.org/ns/edge/sa/envoy")
TLS = MutualTLS("127.0.0.1", 9000, "gate.pem", "gate.key", "roots.pem", frozenset({ENVOY}))
MESH = MeshRestricted("127.0.0.1", 9000, "the mesh lets only the waypoint in")
SOCKET = UnixSocket("a/run/out.sock")
PLACE = "a/run/out.sock"


class Ports:
    """What binds: it notes addresses, and makes a socket's file as gRPC does."""

    def __init__(self, port: int = 9000) -> None:
        self.port = port
        self.plain: list[str] = []
        self.secure: list[str] = []

    def add_insecure_port(self, address: str) -> int:
        """Bind a socket or a plain port."""
        self.plain.append(address)
        if address.startswith("unix:") and not Path(address.removeprefix("unix:")).exists():
            _socket_at(Path(address.removeprefix("unix:")))
        return self.port

    def add_secure_port(self, address: str, _credentials: object) -> int:
        """Bind a port with TLS."""
        self.secure.append(address)
        return self.port


def _socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def bound(address: UnixSocket | MutualTLS | MeshRestricted, home: Path, port: int = 9000) -> Ports:
    """Bind *address* and let it go again; what was bound comes back."""
    ports = Ports(port)
    listener = Listener("out", address)
    server = cast("grpc.Server", ports)
    lock = bind(server, listener, home, open_certificates(listener, home))
    if lock is not None:
        lock.close()
    return ports


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with the files of a TLS listener; its path is short enough for a socket."""
    Authority(tmp_path).issue("gate", "spiffe://example.org/ns/narrowgate/sa/gate")
    return tmp_path


def test_socket(home: Path) -> None:
    """A socket is made with its folder, for the owner and the group alone."""
    ports = bound(SOCKET, home)

    assert ports.plain == [f"unix:{home / PLACE}"]
    assert stat.S_IMODE((home / PLACE).stat().st_mode) == 0o660
    assert not (home / PLACE).parent.stat().st_mode & stat.S_IRWXO


def test_socket_again(home: Path) -> None:
    """A folder and a socket that a server left behind are used again."""
    bound(SOCKET, home)
    assert bound(SOCKET, home).plain


def test_one_server_a_socket(home: Path) -> None:
    """While one server has the socket, no other takes it away."""
    lock = bind(cast("grpc.Server", Ports()), Listener("out", SOCKET), home)
    with pytest.raises(CannotListen, match="another process"):
        bound(SOCKET, home)
    assert lock is not None
    lock.close()


@pytest.mark.parametrize("mode", [0o751, 0o754, 0o752, 0o777])
def test_folder_that_others_enter(mode: int, home: Path) -> None:
    """A folder that lets anybody but its owner and group do anything is no wall."""
    folder = (home / PLACE).parent
    folder.mkdir(parents=True)
    folder.chmod(mode)
    with pytest.raises(CannotListen, match="whoever reaches it"):
        bound(SOCKET, home)


def test_folder_of_another_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a user who is not we and not root could be opened at any time."""
    folder = (home / PLACE).parent
    folder.mkdir(mode=0o750, parents=True)
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(CannotListen, match="another user"):
        bound(SOCKET, home)


@pytest.mark.parametrize(("mode", "is_wall"), [(0o777, False), (0o1777, True), (0o775, True)])
def test_folder_above(mode: int, is_wall: bool, home: Path) -> None:  # noqa: FBT001
    """Where everybody may rename the folders above, the socket's folder can be swapped."""
    folder = (home / PLACE).parent
    folder.mkdir(mode=0o750, parents=True)
    (home / "a").chmod(mode)
    if is_wall:
        assert bound(SOCKET, home).plain
        return
    with pytest.raises(CannotListen, match="everybody may rename"):
        bound(SOCKET, home)


def test_file_in_its_place(home: Path) -> None:
    """A file that is no socket is nobody's to remove."""
    (home / PLACE).parent.mkdir(mode=0o750, parents=True)
    (home / PLACE).touch()
    with pytest.raises(CannotListen, match="no socket"):
        bound(SOCKET, home)


def test_lock_that_leads_elsewhere(home: Path) -> None:
    """The lock is a file of this folder; a link is not followed."""
    (home / PLACE).parent.mkdir(mode=0o750, parents=True)
    (home / f"{PLACE}.lock").symlink_to(home / "elsewhere")
    with pytest.raises(CannotListen):
        bound(SOCKET, home)
    assert not (home / "elsewhere").exists()


def test_path_that_no_kernel_takes(home: Path) -> None:
    """A path that is too long for a socket says so; just short enough, it is bound."""
    room = MAX_SOCKET_PATH - len(os.fsencode(home.absolute())) - len("/")
    for length in (room, room + 1):
        path = UnixSocket("r/" + "s" * (length - 2))
        if length == room:
            assert bound(path, home).plain
        else:
            with pytest.raises(CannotListen, match="at most 107 bytes"):
                bound(path, home)


@pytest.mark.parametrize("address", [TLS, MESH], ids=["TLS", "mesh"])
def test_taken(address: MutualTLS | MeshRestricted, home: Path) -> None:
    """GRPC says by port 0 that it could not bind."""
    with pytest.raises(CannotListen, match="cannot be bound"):
        bound(address, home, port=0)


def test_ports(home: Path) -> None:
    """TLS with a client's certificate, and plain only where the mesh is said to restrict it."""
    assert (bound(TLS, home).secure, bound(TLS, home).plain) == (["127.0.0.1:9000"], [])
    assert (bound(MESH, home).secure, bound(MESH, home).plain) == ([], ["127.0.0.1:9000"])


def test_client_certificate_is_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a certificate below our roots nobody gets as far as a Check."""
    asked: list[Mapping[str, Any]] = []
    monkeypatch.setattr(
        grpc, "dynamic_ssl_server_credentials", lambda *_, **said: asked.append(said)
    )
    bound(TLS, home)

    assert asked == [{"require_client_authentication": True}]


def test_no_certificate(home: Path) -> None:
    """A port with TLS is never bound without one."""
    with pytest.raises(CannotListen, match="no certificate"):
        bind(cast("grpc.Server", Ports()), Listener("out", TLS), home)


def test_missing_file(home: Path) -> None:
    """A file of TLS that is missing keeps the gate from starting."""
    (home / "roots.pem").unlink()
    with pytest.raises(CannotListen, match="listener out"):
        bound(TLS, home)


class Peer:
    """A call whose peer proved this."""

    def __init__(self, proven: list[bytes] | None) -> None:
        self._proven = proven

    def auth_context(self) -> dict[str, list[bytes]]:
        """Give what gRPC knows of the peer."""
        return {} if self._proven is None else {PEER_SPIFFE_ID: self._proven}


PEERS: dict[str, tuple[list[bytes] | None, bool]] = {
    "listed": ([b"spiffe://example.org/ns/edge/sa/envoy"], True),
    "another": ([b"spiffe://example.org/ns/edge/sa/other"], False),
    "of another trust domain": ([b"spiffe://example.net/ns/edge/sa/envoy"], False),
    "two": ([b"spiffe://example.org/ns/edge/sa/envoy"] * 2, False),
    "no SPIFFE ID": ([b"envoy"], False),
    "no text": ([b"\xff"], False),
    "empty": ([], False),
    "nobody": (None, False),
}


@pytest.mark.parametrize(("proven", "is_let_in"), PEERS.values(), ids=PEERS)
def test_admits(proven: list[bytes] | None, is_let_in: bool) -> None:  # noqa: FBT001
    """A port with TLS believes one listed identity; elsewhere the place itself is the wall."""
    peer = cast("grpc.ServicerContext", Peer(proven))

    assert admits(Listener("out", TLS), peer) is is_let_in
    assert admits(Listener("out", SOCKET), peer)
    assert admits(Listener("out", MESH), peer)
