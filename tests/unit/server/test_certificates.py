"""`server.certificates`: what new handshakes are made with, and what is kept."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives import serialization

from authz.directory.listening import MutualTLS
from authz.server.certificates import Certificates, CertificateUnusable
from examples.edge.certificates import Authority

TIMEOUT_SECONDS = 20
NAMES = ("gate.pem", "gate.key", "roots.pem")
US = "spiffe://example.org/ns/narrowgate/sa/gate"
ENVOY = "spiffe://example.org/ns/edge/sa/envoy"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority whose folder holds the files of a listener."""
    made = Authority(tmp_path)
    made.issue("gate", US)
    return made


def certificates(folder: Path) -> Certificates:
    """Read the files of the listener."""
    return Certificates(MutualTLS("127.0.0.1", 9000, *NAMES, frozenset()), folder)


@contextmanager
def serving(found: Certificates) -> Iterator[int]:
    """Run a server that answers nothing, but shakes hands."""
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port = server.add_secure_port("127.0.0.1:0", found.credentials())
        server.start()
        try:
            yield port
        finally:
            server.stop(0).wait()


def shown(port: int, authority: Authority) -> str:
    """Shake hands as Envoy does, and give the certificate that the server shows."""
    context = ssl.create_default_context(cafile=str(authority.roots))
    context.load_cert_chain(*authority.issue("envoy", ENVOY))
    context.set_alpn_protocols(["h2"])
    raw = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
    with raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        # With TLS 1.3 a refused client learns of it when it reads.
        if not connection.recv(1):
            raise ConnectionResetError
        der = connection.getpeercert(binary_form=True)
        assert der is not None
        return ssl.DER_cert_to_PEM_cert(der)


def test_renewed(authority: Authority, tmp_path: Path) -> None:
    """After `renew` new handshakes get the new certificate; before it the old one."""
    found = certificates(tmp_path)
    with serving(found) as port:
        first = (tmp_path / "gate.pem").read_text()
        assert shown(port, authority).strip() == first.strip()
        authority.issue("gate", US)
        second = (tmp_path / "gate.pem").read_text()
        assert shown(port, authority).strip() == first.strip()

        assert found.renew()
        assert [shown(port, authority).strip() for _ in range(2)] == [second.strip()] * 2
        assert second != first
        assert not found.renew()


def test_changed_while_it_is_read(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was tried out is what is used: files that change in between are not taken."""
    found = certificates(tmp_path)
    monkeypatch.setattr(Certificates, "_check", lambda *_: authority.issue("gate", US))

    with pytest.raises(CertificateUnusable, match="changes while it is read"):
        found.renew()


def test_new_roots(authority: Authority, tmp_path: Path) -> None:
    """Whose certificates are believed is renewed too: the authority before is nobody then."""
    found = certificates(tmp_path)
    ours = tmp_path / "ours.pem"
    ours.write_bytes(authority.roots.read_bytes())
    with serving(found) as port:
        authority.roots.write_bytes(Authority(tmp_path / "other").roots.read_bytes())
        found.renew()
        authority.roots = ours

        with pytest.raises((ssl.SSLError, ConnectionError)):
            shown(port, authority)


Breaking = Callable[[Path], object]


def _encrypted(folder: Path) -> None:
    key = serialization.load_pem_private_key((folder / "gate.key").read_bytes(), None)
    (folder / "gate.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )


BROKEN: dict[str, tuple[Breaking, str]] = {
    "no certificate": (lambda folder: (folder / "gate.pem").unlink(), "gate.pem: No such file"),
    "half of it": (
        lambda folder: os.truncate(folder / "gate.pem", 100),
        "gate.pem: no certificate that fits the key .*gate.key: ",
    ),
    "key of another": (
        lambda folder: Authority(folder / "o").issue("gate", US)[1].replace(folder / "gate.key"),
        "gate.pem: no certificate that fits the key .*gate.key: KEY_VALUES_MISMATCH",
    ),
    "key with a password": (_encrypted, "no certificate that fits the key"),
    "empty roots": (
        lambda folder: (folder / "roots.pem").write_text(""),
        "roots.pem: no certificates of authorities",
    ),
    "roots that are text": (
        lambda folder: (folder / "roots.pem").write_bytes(b"\xff"),
        "roots.pem: no certificates of authorities",
    ),
}


@pytest.mark.parametrize(("breaking", "says"), BROKEN.values(), ids=BROKEN)
def test_broken(breaking: Breaking, says: str, authority: Authority, tmp_path: Path) -> None:
    """Files that no handshake could be made with are refused in words, and the last good stay."""
    found = certificates(tmp_path)
    with serving(found) as port:
        before = shown(port, authority)
        kept = authority.roots.read_bytes()
        breaking(tmp_path)
        with pytest.raises(CertificateUnusable, match=says):
            found.renew()
        authority.roots.write_bytes(kept)

        assert shown(port, authority) == before
