"""The workload that asks, by the certificate of its TLS connection (X.509-SVID).

Envoy has checked the chain and that the peer holds the key; what the leaf says
is checked here again, because a validator that is set up otherwise takes more.
Source: X.509-SVID sections 2, 4.1 and 4.3; RFC 5280 section 4.2.1; RFC 8705
section 3.1.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Set
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from authz.identity.workload import NOBODY, Absent, Rejected, read_workload
from authz.model.instant import Instant, as_datetime
from authz.model.spiffe import SpiffeId

Extension = TypeVar("Extension", bound=x509.ExtensionType)

MAX_CERTIFICATE = 32 * 1024
"""Characters of the URL-encoded PEM; a leaf has about two thousand."""

_ONE_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----\s*"
)
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})|[^\x21-\x7e]")
_UNREADABLE = (
    ValueError,
    TypeError,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,
)
"""What the parser raises, or where warnings are errors warns of, for bytes that are no certificate
of one meaning."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that names one workload, and can be found again by its hash."""

    workload: SpiffeId
    thumbprint: str
    """`x5t#S256`: base64url of the SHA-256 of its DER, without padding."""

    until: Instant
    """The first second in which it is no longer valid."""


class _Unfit(ValueError):
    """The certificate proves no workload; the message says which check it failed."""


def read_certificate(
    unverified: str, trust_domains: Set[str], now: Instant
) -> Leaf | Rejected | Absent:
    """
    Read `source.certificate` of a listener with `identity: certificate`.

    Args:
        unverified: URL-encoded PEM of the leaf, as Envoy sends it with
            `include_peer_certificate`.
        trust_domains: Those that the Gate declares.
        now: The certificate must be valid then; there is no skew.
    """
    if unverified in NOBODY:
        return Absent("Envoy sent no certificate of the TLS peer")
    try:
        der = _der(unverified)
        certificate = x509.load_der_x509_certificate(der)
        uri = _checked(certificate, now)
    except _Unfit as error:
        return Rejected(str(error))
    except _UNREADABLE:
        return Rejected("the certificate cannot be read")
    workload = read_workload(uri, "the certificate's URI", trust_domains)
    if isinstance(workload, Rejected):
        return workload
    digest = base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=")
    last = int(certificate.not_valid_after_utc.timestamp())
    return Leaf(workload, digest.decode("ascii"), Instant(last + 1))


def _der(unverified: str) -> bytes:
    if len(unverified) > MAX_CERTIFICATE:
        raise _Unfit(f"the certificate is longer than {MAX_CERTIFICATE} characters")
    if _NOT_ENCODED.search(unverified):
        raise _Unfit("the certificate is not URL-encoded")
    block = _ONE_PEM.fullmatch(unquote_to_bytes(unverified))
    if block is None:
        raise _Unfit("it is not exactly one certificate as PEM")
    try:
        return base64.b64decode(b"".join(block[1].split()), validate=True)
    except binascii.Error:
        raise _Unfit("the certificate's PEM is no base64") from None


def _checked(certificate: x509.Certificate, now: Instant) -> str:
    """Check what a leaf must say, and give its one URI."""
    if not certificate.not_valid_before_utc <= as_datetime(now) <= certificate.not_valid_after_utc:
        raise _Unfit("the certificate is not valid now")
    if certificate.serial_number <= 0:
        raise _Unfit("its serial number is not positive")
    constraints = _found(certificate, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise _Unfit("it is the certificate of an authority")
    usage = _found(certificate, x509.KeyUsage)
    if usage is not None and (not usage.digital_signature or usage.key_cert_sign or usage.crl_sign):
        raise _Unfit("its key is not for signing, or for signing certificates")
    names = _found(certificate, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    if len(uris) != 1:
        raise _Unfit("the certificate has no URI, or several")
    return uris[0]


def _found(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
