"""The world: one immutable snapshot that a request is decided in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from authz.directory.compiled import Directory
from authz.identity.keys import IssuerKeys, KeySet
from authz.policy.compiled import Policies


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
