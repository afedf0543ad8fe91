"""The one table of request headers that the gate sets or removes.

Everything else follows from it: the mutations of an allow, and the rules of
the Envoy in front (which headers the filter before us strips, and which
changes of ours Envoy accepts). A name that is missing here is neither trusted
nor touched.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

from authz.model.headers import (
    AGENT,
    AUTHORIZATION,
    CREDENTIALS,
    OURS,
    USER,
    WORKLOAD,
)

OVERRIDES = (
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
)
"""Ways to say a second time what is asked."""

HEADERS: tuple[str, ...] = (*OURS, *CREDENTIALS, *OVERRIDES)
"""Every header that an allow touches: ours are overwritten where there is something proven to say,
all others, and ours where there is not, are removed."""

STRIP_PREFIXES: tuple[str, ...] = ("x-narrowgate-", "x-workload-", "x-envoy-")
"""What the first Envoy filter removes by prefix. A caller's `x-envoy-retry-on` would turn one
decision into several upstream calls."""

_NOTHING: frozenset[str] = frozenset()
_NAMES = frozenset(HEADERS)
_UNDERSCORED = tuple(name.replace("-", "_") for name in HEADERS if "-" in name)
_MARKS = re.compile(r"[!#$%&'*+.^_`|~]")
"""Marks that a header's name may have beside `-` and, though it is here, `_` (RFC 9110 section
5.6.2)."""

_PLAIN = re.compile(r"[!-$&-~]*")
_VISIBLE = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


def identity_headers(
    workload: str | None, agent: str, user: str | None
) -> tuple[tuple[str, str], ...]:
    """
    Give the headers that say who was proven.

    Whom a client id proves is no workload of a trust domain: nothing is said of one.
    """
    said = ((WORKLOAD, workload), (AGENT, agent), (USER, user))
    return tuple((name, header_value(value)) for name, value in said if value is not None)


def header_value(text: str) -> str:
    """Percent-encode what is not visible ASCII, and the percent sign itself."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe=_VISIBLE)


def mixed_spellings(names_sent: Collection[str]) -> frozenset[str]:
    """Give those of *names_sent* that spell a name of the table with some underscores."""
    if "_" not in "".join(names_sent):
        return _NOTHING
    return frozenset(
        name for name in names_sent if "_" in name and name.replace("_", "-") in _NAMES
    )


def has_odd_spelling(names_sent: Collection[str]) -> bool:
    """
    Say whether one of *names_sent* spells a name of the table with other marks than `-` and `_`.

    Some gateways to CGI write every mark as `_`, and would take it for ours. There are too many
    such spellings to have them all removed.
    """
    if _MARKS.search("".join(names_sent)) is None:
        return False
    odd = (name for name in names_sent if _MARKS.search(name.replace("_", "-")) is not None)
    return any(_MARKS.sub("-", name) in _NAMES for name in odd)


def removals(names_set: frozenset[str], spellings: frozenset[str]) -> tuple[str, ...]:
    """
    Give every name to remove on an allow that sets *names_set*.

    Never a name that is set: Envoy removes last, and the new value would be
    lost. Spellings with underscores go too, because many upstreams fold them:
    the plain ones always, mixed ones (*spellings*) where they were sent.
    """
    names = (name for name in HEADERS if name not in names_set)
    return (*names, *_UNDERSCORED, *sorted(spellings.difference(_UNDERSCORED)))


def stripped_names() -> tuple[str, ...]:
    """
    Give the names that the first Envoy filter strips, beside `STRIP_PREFIXES`.

    Not `authorization`: it carries the credential that the gate has to see.
    """
    names = (name for name in HEADERS if name != AUTHORIZATION)
    return tuple(name for name in names if not name.startswith(STRIP_PREFIXES))


def envoy_allow_expression() -> str:
    """Give the regular expression of all header changes that Envoy may accept, in any spelling."""
    return f"^({'|'.join(name.replace('-', '[-_]') for name in HEADERS)})$"
