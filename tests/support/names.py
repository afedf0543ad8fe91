"""Names that mean what a test says, and certificates for them."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from authz.sources.addresses import LookUp
from tests.support.keys import private_key, private_pem


def meaning(*addresses: str) -> LookUp:
    """Let every name mean *addresses*."""

    async def names(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        assert host
        assert port
        return [(socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in addresses]

    return names


def server_with_certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Give a server's context for *name*, and a context that trusts its certificate."""
    key, subject = private_key("tls"), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    text = certificate.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(text + private_pem("tls"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=text.decode())
