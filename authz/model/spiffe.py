"""SPIFFE IDs, parsed strictly (SPIFFE-ID standard, sections 2.1 to 2.3)."""

from __future__ import annotations

import re

from msgspec import Struct

SCHEME = "spiffe://"
MAX_ID_BYTES = 2048
MAX_TRUST_DOMAIN_BYTES = 255

_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]+")
_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")


class NotSpiffe(ValueError):
    """The text is no SPIFFE ID; the message says which rule it breaks."""


def is_trust_domain(text: str) -> bool:
    """Say whether *text* can be the trust domain of a SPIFFE ID."""
    return len(text) <= MAX_TRUST_DOMAIN_BYTES and _TRUST_DOMAIN.fullmatch(text) is not None


class SpiffeId(Struct, frozen=True, gc=False):
    """A SPIFFE ID of a workload; compared whole, path case included."""

    trust_domain: str
    path: str
    """Begins with a slash; at least one segment."""

    def __str__(self) -> str:
        return f"{SCHEME}{self.trust_domain}{self.path}"

    @property
    def authority(self) -> str:
        """The trust domain as a URI: what `act.iss` of a minted token says."""
        return f"{SCHEME}{self.trust_domain}"

    @classmethod
    def parse(cls, text: str) -> SpiffeId:
        """
        Read a workload's SPIFFE ID.

        Nothing is normalised: Envoy's validator checks neither the alphabet of
        the path nor its segments, so another spelling is another identity.

        Raises:
            NotSpiffe: with the rule that *text* breaks; *text* itself is not quoted.
        """
        if not text.startswith(SCHEME):
            raise NotSpiffe("it does not begin with spiffe://")
        if len(text.encode("utf-8", "surrogatepass")) > MAX_ID_BYTES:
            raise NotSpiffe(f"it is longer than {MAX_ID_BYTES} bytes")
        trust_domain, slash, path = text[len(SCHEME) :].partition("/")
        if not is_trust_domain(trust_domain):
            raise NotSpiffe("its trust domain is not of a-z, 0-9, '.', '_' and '-'")
        if not slash:
            raise NotSpiffe("it has no path, so it names a trust domain, not a workload")
        for segment in path.split("/"):
            if _SEGMENT.fullmatch(segment) is None or segment in (".", ".."):
                raise NotSpiffe("a path segment is empty, '.', '..' or has a foreign character")
        return cls(trust_domain, f"/{path}")
