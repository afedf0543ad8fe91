"""Which of the worked cases this version must pass."""

from __future__ import annotations

from tests.support.cases import Case

EARLY = frozenset(
    {
        "user-not-now-oauth",
        "user-never-oauth",
        "partner-group",
        "partner-at-plain-target",
        "roles-within-mayassert",
    }
)
"""Cases of the next version that hold already."""


def in_force(case: Case) -> bool:
    """Say whether *case* is about what this version does."""
    return case.since == "A1" or case.name in EARLY


LYING = frozenset({"truncated-flag"})
"""Cases whose Check a real Envoy sends only for another request: its header is Envoy's own.
`test_named` sends the request that brings that Check about."""


def needs_a_lying_envoy(case: Case) -> bool:
    """Say whether no client can bring about the Check of *case* as it is written."""
    return case.name in LYING
