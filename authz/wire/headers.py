"""The one table of request headers that the gate sets or removes.

Everything else follows from it: the mutations of an allow, and the rules of
the Envoy in front (which headers the filter before us strips, and which
changes of ours Envoy accepts). A name that is missing here is neither trusted
nor touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Use(StrEnum):
    """What happens to a header on an allow."""

    SET = "set"
    """Overwritten with a proven value, or removed where there is none to say."""

    REMOVED = "removed"
    """Taken away: a credential, or a way to say who one is or what is asked a second time."""


@dataclass(frozen=True, slots=True)
class Row:
    """One header, by its lower-case name."""

    name: str
    use: Use


AUTHORIZATION = "authorization"
TXN_TOKEN = "txn-token"  # noqa: S105 - a header's name
WORKLOAD = "x-workload-spiffe-id"
AGENT = "x-narrowgate-agent"
USER = "x-narrowgate-user"
DECISION = "x-narrowgate-decision"

HEADERS: tuple[Row, ...] = (
    Row(AUTHORIZATION, Use.SET),
    Row(TXN_TOKEN, Use.SET),
    Row(WORKLOAD, Use.SET),
    Row(AGENT, Use.SET),
    Row(USER, Use.SET),
    Row(DECISION, Use.SET),
    Row("proxy-authorization", Use.REMOVED),
    Row("x-forwarded-client-cert", Use.REMOVED),
    Row("x-api-key", Use.REMOVED),
    Row("api-key", Use.REMOVED),
    Row("x-goog-api-key", Use.REMOVED),
    Row("x-http-method", Use.REMOVED),
    Row("x-http-method-override", Use.REMOVED),
    Row("x-method-override", Use.REMOVED),
    Row("x-original-url", Use.REMOVED),
    Row("x-rewrite-url", Use.REMOVED),
)

STRIP_PREFIXES: tuple[str, ...] = ("x-narrowgate-", "x-workload-", "x-envoy-")
"""What the first Envoy filter removes by prefix. A caller's `x-envoy-retry-on` would turn one
decision into several upstream calls."""

_NAMES = frozenset(row.name for row in HEADERS)
_VISIBLE = "".join(map(chr, range(0x21, 0x7F))).replace("%", "")


def identity_headers(
    workload: str, agent: str, user: str | None, decision: str
) -> tuple[tuple[str, str], ...]:
    """Give the headers that say who was proven; the token is the signer's to add."""
    said = ((WORKLOAD, workload), (AGENT, agent), (USER, user), (DECISION, decision))
    return tuple((name, header_value(value)) for name, value in said if value is not None)


def header_value(text: str) -> str:
    """Percent-encode what is not visible ASCII, and the percent sign itself."""
    return quote(text, safe=_VISIBLE)


def removals(names_set: frozenset[str], names_sent: Iterable[str]) -> tuple[str, ...]:
    """
    Give every name to remove on an allow that sets *names_set*.

    Never a name that is set: Envoy removes last, and the new value would be
    lost. Spellings with underscores go too, because many upstreams fold them:
    the plain ones always, mixed ones where *names_sent* has them.
    """
    names = (row.name for row in HEADERS if row.name not in names_set)
    folded = {name for name in names_sent if "_" in name and name.replace("_", "-") in _NAMES}
    return (*names, *_underscored(), *sorted(folded.difference(_underscored())))


def stripped_names() -> tuple[str, ...]:
    """
    Give the names that the first Envoy filter strips, beside `STRIP_PREFIXES`.

    Not `authorization`: it carries the credential that the gate has to see.
    """
    names = (row.name for row in HEADERS if row.name != AUTHORIZATION)
    return tuple(name for name in names if not name.startswith(STRIP_PREFIXES))


def envoy_allow_expression() -> str:
    """Give the regular expression of all header changes that Envoy may accept from us."""
    names = (*(row.name for row in HEADERS), *_underscored())
    return f"^({'|'.join(map(re.escape, names))})$".replace("\\-", "-")


def _underscored() -> tuple[str, ...]:
    return tuple(row.name.replace("-", "_") for row in HEADERS if "-" in row.name)
