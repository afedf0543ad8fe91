"""The certificate of a TLS listener, renewed without closing a connection."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import grpc

from authz.directory.listening import MutualTLS


class CertificateUnusable(Exception):
    """Files of a listener that no handshake could be made with; the message says which."""


class Texts(NamedTuple):
    """What the files of a listener hold, as PEM."""

    certificate: bytes
    key: bytes
    roots: bytes


class Certificates:
    """
    Certificate, key and roots of one listener, as they were last found good.

    New handshakes take what is there; connections that are open stay.
    """

    def __init__(self, address: MutualTLS, home: Path) -> None:
        """
        Read the files, whose relative paths start at *home*.

        Raises:
            CertificateUnusable: as `renew`.
        """
        self.paths = tuple(
            home / name for name in (address.certificate, address.key, address.clients)
        )
        self._taking: Callable[[Texts], None] = _nobody
        self._texts = self._read()
        self._given = self._found = _configuration(self._texts)

    def hand_on(self, taking: Callable[[Texts], None]) -> None:
        """Let *taking* have what was found good, now and whenever it is renewed."""
        taking(self._texts)
        self._taking = taking

    def credentials(self) -> grpc.ServerCredentials:
        """Give what a port is bound with: it asks for the newest at each handshake."""
        return grpc.dynamic_ssl_server_credentials(
            self._given,
            self._newer,  # type: ignore[arg-type]  # gRPC documents None, the stubs do not know it
            require_client_authentication=True,
        )

    def renew(self) -> bool:
        """
        Read the files again.

        Returns:
            Whether they are others than before.

        Raises:
            CertificateUnusable: one is missing or cannot be used, or they do
                not belong together. What was good before stays.
        """
        texts = self._read()
        if texts == self._texts:
            return False
        self._texts, self._found = texts, _configuration(texts)
        self._taking(texts)
        return True

    def _newer(self) -> grpc.ServerCertificateConfiguration | None:
        """Give what was not given yet; None keeps what is in use."""
        if self._found is self._given:
            return None
        self._given = self._found
        return self._given

    def _read(self) -> Texts:
        texts = Texts(*map(_bytes, self.paths))
        self._check(texts.roots)
        if texts != Texts(*map(_bytes, self.paths)):
            raise CertificateUnusable(f"{self.paths[0]}: it changes while it is read")
        return texts

    def _check(self, roots: bytes) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            # A key that wants a password is asked for none: nobody sits there.
            context.load_cert_chain(self.paths[0], self.paths[1], password=lambda: b"")
        except (ssl.SSLError, OSError, ValueError) as error:
            why = f"no certificate that fits the key {self.paths[1]}: {_said(error)}"
            raise CertificateUnusable(f"{self.paths[0]}: {why}") from None
        try:
            context.load_verify_locations(cadata=roots.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            why = f"no certificates of authorities: {_said(error)}"
            raise CertificateUnusable(f"{self.paths[2]}: {why}") from None


def _nobody(texts: Texts) -> None:
    """Be told and do nothing: gRPC asks by itself."""
    del texts


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateUnusable(f"{path}: {error.strerror}") from error


def _configuration(texts: Texts) -> grpc.ServerCertificateConfiguration:
    pair = (texts.key, texts.certificate)
    return grpc.ssl_server_certificate_configuration([pair], texts.roots)


def _said(error: Exception) -> str:
    return getattr(error, "reason", None) or type(error).__name__
