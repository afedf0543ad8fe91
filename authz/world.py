"""The world: one immutable snapshot that a request is decided in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from authz.directory.compiled import Directory
from authz.identity.keys import IssuerKeys, KeySet
from authz.identity.signatures import Signatures
from authz.model.clearance import Clearance, Shown
from authz.model.memo import Memo
from authz.policy.compiled import Policies

MAX_CLEARANCES = 16 * 1024
"""Of one generation. One takes about 8 KiB with its token."""


def _no_clearances() -> Memo[Shown, Clearance]:
    return Memo("clearances", MAX_CLEARANCES)


@dataclass(frozen=True, slots=True)
class World:
    """Directory, policies and public keys as they stood when the world was built."""

    version: str
    """Digest of everything the world was built from; in every record."""

    directory: Directory
    policies: Policies
    issuer_keys: Mapping[str, IssuerKeys]
    """By `Issuer` name; every declared one has an entry."""

    own_keys: KeySet
    """Keys whose private halves sign, or signed, the tokens that we mint."""

    signatures: Signatures = field(repr=False, compare=False, default_factory=Signatures)
    """Of tokens that were proven; handed on from world to world."""

    clearances: Memo[Shown, Clearance] = field(
        init=False, repr=False, compare=False, default_factory=_no_clearances
    )
    """What callers were found to be; it goes with the world, and so with every change of it."""
