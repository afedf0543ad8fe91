"""The facts of a session, one by one: what each is for a question, and how the engine reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Any
from zoneinfo import ZoneInfo

from authz.model.instant import Instant, as_datetime
from authz.model.principals import Authentication
from authz.model.scopes import NO_SCOPES, Scopes
from authz.policy.entities import Json, entity, link
from authz.policy.question import Question

REQUEST = ("Session", "request")
ARGUMENTS = ("Texts", "args")
HEADERS = ("Texts", "headers")

SEVERAL_FACTORS = 2
_NO_LOGIN = Authentication(time=Instant(0))

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a challenge could still bring; nothing of it is there at first."""

    fresh_login: bool = False
    consent: Scopes | None = None
    approved: bool = False

    def with_step_up(self, kind: str, required: Scopes) -> Evidence:
        """Give the evidence as it would be after the step-up *kind* was met."""
        match kind:
            case "mfa":
                return replace(self, fresh_login=True)
            case "consent":
                return replace(self, consent=required)
            case "approval":
                return replace(self, approved=True)
        raise ValueError(f"no step-up {kind!r}")


NO_EVIDENCE = Evidence()


def _as_it_is(value: object) -> object:
    return value


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the session."""

    path: Path
    of: Callable[[Question, Evidence, ZoneInfo], Any]
    """What it is for a question: hashable, and all that `written` goes by."""

    written: Callable[[Any], object] = _as_it_is
    """How the engine reads it; None where it is absent."""

    lasts: bool = True
    """It follows from who asks, for whom, and for what; not from the one call."""


def session_of(facts: Iterable[Fact], values: Iterable[Any]) -> Json:
    """Give the session with *facts* alone, which are *values*."""
    session: Json = {}
    for fact, value in zip(facts, values, strict=True):
        *outer, name = fact.path
        record = session.setdefault(outer[0], {}) if outer else session
        written = fact.written(value)
        if written is not None:
            record[name] = written
    return entity(*REQUEST, session)


def _login(question: Question) -> Authentication:
    return question.user.authentication if question.user else _NO_LOGIN


def _level(question: Question, evidence: Evidence, _: ZoneInfo) -> int:
    level = _login(question).level
    return max(level, SEVERAL_FACTORS) if evidence.fresh_login else level


def _login_time(question: Question, evidence: Evidence, _: ZoneInfo) -> Instant:
    return question.now if evidence.fresh_login else _login(question).time


def _local(question: Question, zone: ZoneInfo) -> datetime:
    return as_datetime(question.now).astimezone(zone)


def _datetime(moment: Instant) -> Json:
    text = as_datetime(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"__extn": {"fn": "datetime", "arg": text}}


def _address(peer_address: str) -> Json | None:
    try:
        address = ip_address(peer_address)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A rule on 10.0.0.0/8 means ::ffff:10.0.0.1 as well.
        address = address.ipv4_mapped or IPv6Address(int(address))
    return {"__extn": {"fn": "ip", "arg": str(address)}}


def _agents(names: Iterable[str]) -> list[Json]:
    return [link("Agent", name) for name in names]


def _agent(name: str | None) -> Json | None:
    return None if name is None else link("Agent", name)


def _user(name: str | None) -> Json | None:
    return None if name is None else link("User", name)


DEPTH = Fact(("chain", "depth"), lambda question, *_: len(question.hops))
ACTORS = Fact(
    ("chain", "actors"), lambda question, *_: tuple(hop.agent for hop in question.hops), _agents
)
CALLER = Fact(
    ("agent",), lambda question, *_: question.hops[0].agent if question.hops else None, _agent
)
USER = Fact(
    ("user",), lambda question, *_: str(question.user.user) if question.user else None, _user
)
HAS_USER = Fact(("user",), lambda question, *_: "" if question.user else None, _user)
"""`USER` where nobody asks who it is."""

NOW = Fact(("clock", "now"), lambda question, *_: question.now, _datetime, lasts=False)
ARGS = Fact(("args",), lambda *_: "", lambda _: link(*ARGUMENTS), lasts=False)
SEEN_HEADERS = Fact(("headers",), lambda *_: "", lambda _: link(*HEADERS), lasts=False)

SESSION = (
    DEPTH,
    ACTORS,
    Fact(("auth", "level"), _level),
    Fact(("auth", "acr"), lambda question, *_: _login(question).acr),
    Fact(("auth", "amr"), lambda question, *_: _login(question).amr, sorted),
    Fact(("auth", "time"), _login_time, _datetime),
    NOW,
    Fact(("clock", "hour"), lambda question, _, zone: _local(question, zone).hour, lasts=False),
    Fact(
        ("clock", "weekday"),
        lambda question, _, zone: _local(question, zone).isoweekday(),
        lasts=False,
    ),
    Fact(("net", "source"), lambda question, *_: question.peer_address, _address, lasts=False),
    Fact(("consent", "granted"), lambda _, evidence, __: evidence.consent is not None),
    Fact(("consent", "scopes"), lambda _, evidence, __: evidence.consent or NO_SCOPES, sorted),
    Fact(("approval", "granted"), lambda _, evidence, __: evidence.approved),
    ARGS,
    SEEN_HEADERS,
    CALLER,
    USER,
)
"""All that policies can read of a session: `schema.HEAD` declares the same."""
