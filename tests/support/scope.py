"""By which way the cases can be brought about: all of them by a Check, most by a client."""

from __future__ import annotations

from tests.support.cases import Case

DIRECT_ONLY = frozenset({"truncated-flag", "upgrade", "in-does-not-mix"})
"""Cases that no client brings about: the header of the first is Envoy's own, Envoy refuses the
second by itself, and the Envoy of the cases asks by another listener than the third's.
`hostile/traps` and `identities/` send what comes nearest."""

TIDIED_BY_ENVOY = frozenset(
    {
        "http-backslash",
        "http-broken-escape",
        "http-dot-segments",
        "http-double-escape",
        "http-escaped-letter",
        "http-escaped-slash",
        "http-lower-method",
        "http-overlong",
        "http-parameter",
        "http-two-slashes",
        "public-escaped",
        "public-then-up",
        "public-then-up-escaped",
    }
)
"""Cases whose paths the shipped Envoy makes plain, or refuses, before it asks; other Envoys do not.
`envoy/test_http.py` shows what becomes of them there."""


WITHOUT_BODY = frozenset({"http-head", "public-head"})
"""Cases whose refusal comes without its body through Envoy, as the answer to any HEAD does."""


def reaches_the_gate(case: Case) -> bool:
    """Say whether a request through Envoy can bring about the Check of *case*."""
    return case.name not in DIRECT_ONLY | TIDIED_BY_ENVOY | WITHOUT_BODY
