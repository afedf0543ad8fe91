"""The shapes of refusals, as data: what is sent in an open session, and what it is answered.

The cases of `tests/cases` tell them: caller, target, credential, call and answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from authz.model.reasons import Reason
from tests.clients.floor import Health
from tests.support.cases import case_named

Command = Mapping[str, Any]
SEARCH = "search-allowed"


class Kept(StrEnum):
    """What becomes of a session after a refusal."""

    ALIVE = "alive"
    """It must live on, whatever the client: so `refusals: auto` promises."""

    UP_TO_THE_CLIENT = "up to the client"
    """An HTTP error is the answer, and some clients end on any."""


@dataclass(frozen=True)
class Altered:
    """A header that requests of one HTTP method have from *case* while the shape is tried."""

    case: str
    header: str
    verb: str = "POST"

    @property
    def by_verb(self) -> Mapping[str, Mapping[str, str]]:
        """As drivers take it."""
        return {self.verb: {self.header: case_named(self.case).joined_headers[self.header]}}


@dataclass(frozen=True)
class Shape:
    """One way of being refused."""

    title: str
    session: str
    """The case whose caller, target and credential the session has."""

    sends: Command | None
    """What is refused, as drivers take it; None where the client sends it by itself."""

    reasons: frozenset[Reason]
    """One of them is in the record."""

    answer: str | None
    """Of `tests/cases/_answers.yaml`, where the modern era has the same words; None for a 503."""

    altered: Altered | None = None
    health: Health = Health.WELL
    allowed: str = SEARCH
    """The case whose call is good in this session, before and after."""

    kept: Kept = Kept.ALIVE


class Read(StrEnum):
    """What the agent above a client was told of a refusal."""

    RESULT = "result"
    """Our sentence, as the result of its tool call: a model reads it."""

    ERROR = "error"
    """Our sentence, as the text of an exception."""

    RAW = "raw"
    """Our sentence, inside an exception that quotes the whole answer."""

    LOST = "lost"
    """An exception that does not say it."""

    NOTHING = "nothing"
    """No exception and no text."""

    OTHER = "other"
    """A result that is not ours."""

    NOT_SENT = "not sent"
    """The client sends no such thing in its era."""


PROMISED = {
    **dict.fromkeys(("denied", "scope", "step-up", "consent", "pending"), Read.RESULT),
    "denied-rpc": Read.ERROR,
    "denied-empty": Read.NOTHING,
}
"""What every client makes of an answer that keeps its session alive."""


def call_of(case: str) -> Command:
    """Give the tool call of *case*."""
    params = json.loads(case_named(case).body)["params"]
    return {"do": "call", "tool": params["name"], "arguments": params["arguments"]}


def _told(title: str, case: str, allowed: str = SEARCH, kept: Kept = Kept.ALIVE) -> Shape:
    """Give the shape that a tool call of *case* is refused in, with its own credential."""
    expect = case_named(case).expect
    reasons = frozenset({Reason(expect["reason"])})
    return Shape(title, case, call_of(case), reasons, expect["answer"], allowed=allowed, kept=kept)


def _amid(
    title: str, altered: Altered, sends: Command | None, answer: str, kept: Kept = Kept.ALIVE
) -> Shape:
    """Give the shape of one request that differs in a header, amid a good session."""
    reasons = frozenset({Reason(case_named(altered.case).expect["reason"])})
    return Shape(title, SEARCH, sends, reasons, answer, altered, kept=kept)


def _other(title: str, command: Command) -> Shape:
    """Give the shape of a request that is no tool call, and of nothing that is declared."""
    return Shape(title, SEARCH, command, _NOTHING_DECLARED, "denied-rpc")


def _ours(title: str, health: Health, reason: Reason) -> Shape:
    """Give the shape of a call that cannot be decided."""
    reasons, kept = frozenset({reason}), Kept.UP_TO_THE_CLIENT
    return Shape(title, SEARCH, call_of(SEARCH), reasons, None, health=health, kept=kept)


_NOTHING_DECLARED = frozenset({Reason.METHOD_UNKNOWN, Reason.OPERATION_UNDECLARED})
_HTTP = Kept.UP_TO_THE_CLIENT

SHAPES = (
    _told("a tool that nobody declared", "tool-nobody-declared"),
    _told("a tool that is not on the agent's list", "tool-not-on-list"),
    _told("a scope that the agent lacks", "agent-lacks"),
    _told("a scope that the user never has", "user-never"),
    _told("an argument of another type", "bad-type"),
    _told("arguments that a policy forbids", "path-outside"),
    _told("a call that no policy permits", "no-permit-user"),
    _told("a scope that the login lacks", "user-not-now"),
    _told("step-up: a second factor", "mfa-first"),
    _told("consent of the user", "consent"),
    _told("pending: an approval", "approval-next"),
    _amid(
        "one call with another agent's token",
        Altered("another-agents-client", "authorization"),
        call_of(SEARCH),
        "denied",
    ),
    _other("`prompts/get` of nothing declared", {"do": "prompt", "name": "nope"}),
    _other("`resources/read` of nothing declared", {"do": "resource", "uri": "nope://nope"}),
    _other("a request of no known method", {"do": "request", "method": "tools/destroy"}),
    _amid(
        "`GET` of the listening stream",
        Altered("another-agents-client", "authorization", verb="GET"),
        None,
        "denied-empty",
    ),
    Shape(
        "403: a notification of no known method",
        SEARCH,
        {"do": "notify", "method": "notifications/odd"},
        _NOTHING_DECLARED,
        "denied-empty",
        kept=_HTTP,
    ),
    _told("403: `refusals: http`", "refund-too-much", "refund-allowed", _HTTP),
    _told("403 with a challenge: `refusals: oauth`", "user-not-now-oauth", kept=_HTTP),
    _amid(
        "401: the token has expired",
        Altered("expired", "authorization"),
        call_of(SEARCH),
        "challenge-invalid",
        _HTTP,
    ),
    _amid(
        "400: a header differs from the body",
        Altered("mirrored-header-differs", "mcp-name"),
        call_of(SEARCH),
        "mismatch",
        _HTTP,
    ),
    _amid(
        "400: it can be read in two ways",
        Altered("content-encoding", "content-encoding"),
        call_of(SEARCH),
        "bad-request",
        _HTTP,
    ),
    _ours("503: a fault of ours", Health.BROKEN, Reason.FAULT),
    _ours("503: too much at once", Health.OVERLOADED, Reason.OVERLOADED),
)
