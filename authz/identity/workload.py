"""The workload that asks, by a SPIFFE ID: as the TLS principal that Envoy reports, or elsewhere."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from authz.model.spiffe import NotSpiffe, SpiffeId

NOBODY = frozenset({"", "-"})
"""What Envoy and its formatters write where there is no peer certificate."""


@dataclass(frozen=True, slots=True)
class Absent:
    """No proof was offered. The text is for people."""

    why: str = "the TLS peer showed no identity"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A proof was offered, and it is not good. The text is for people."""

    why: str


def read_principal(
    unverified_principal: str, trust_domains: Set[str]
) -> SpiffeId | Rejected | Absent:
    """
    Read `source.principal` of a listener with `identity: principal`.

    Envoy takes the first URI SAN of any scheme, else a DNS name, else the
    certificate's subject; only a SPIFFE ID of a declared trust domain counts.
    """
    if unverified_principal in NOBODY:
        return Absent()
    return read_workload(unverified_principal, "the principal", trust_domains)


def read_workload(unverified: str, what: str, trust_domains: Set[str]) -> SpiffeId | Rejected:
    """Read the SPIFFE ID of a workload; *what* is what it stands in, for people."""
    try:
        workload = SpiffeId.parse(unverified)
    except NotSpiffe as error:
        return Rejected(f"{what} is no SPIFFE ID: {error}")
    if workload.trust_domain not in trust_domains:
        return Rejected(f"{what} is of a trust domain that the Gate does not declare")
    return workload
