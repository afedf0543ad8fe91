"""Scopes: sets of coarse permission strings (RFC 6749 section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

Scopes = frozenset[str]

NO_SCOPES: Scopes = frozenset()

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")


class ScopePatterns(Struct, frozen=True, gc=False):
    """Scopes by exact name or, with a final `*`, by prefix."""

    exact: Scopes
    prefixes: tuple[str, ...] = ()

    def within(self, scopes: Scopes) -> Scopes:
        """Give those of *scopes* that a pattern covers."""
        return frozenset(s for s in scopes if s in self.exact or s.startswith(self.prefixes))


def is_scope(text: str) -> bool:
    """Say whether *text* is one scope token of at most 256 characters."""
    return _SCOPE.fullmatch(text) is not None


def parse_scopes(text: str) -> Scopes:
    """
    Read a `scope` claim: tokens apart by single spaces; empty means none.

    Raises:
        ValueError: a token has a character that no scope may have.
    """
    tokens = [token for token in text.split(" ") if token]
    if not all(map(is_scope, tokens)):
        raise ValueError("a scope has a character that RFC 6749 section 3.3 does not allow")
    return frozenset(tokens)


def format_scopes(scopes: Iterable[str]) -> str:
    """Write *scopes* as a claim, in one order for equal sets."""
    return " ".join(sorted(scopes))
