"""Tests of policies as YAML: suites of cases, read as strictly as documents are.

Nothing here knows the world that the cases are about; `rehearsal.cases` looks
their names up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, nearest, under
from authz.directory.node import Node, exactly_one
from authz.directory.parse import validated
from authz.directory.reader import Source, read_documents
from authz.directory.rules import Rule
from authz.directory.words import HeaderName, Member, Scope, Text
from authz.model.instant import LATEST, Instant
from authz.model.strict_json import JSON

_AGO = re.compile(r"now-(0|[1-9][0-9]{0,8})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")

Expected = Literal[
    "allow",
    "no_permit",
    "forbidden",
    "policy_withholds_scope",
    "policy_error",
    "bad_argument",
    "step_up_required",
    "consent_required",
    "approval_pending",
]
"""What policies can come to (`model.reasons`)."""

WITHOUT_POLICY = frozenset({"allow", "bad_argument"})
"""Outcomes that no policy is to blame for."""


def _checked_time(text: str) -> str:
    try:
        _seconds(text)
    except ValueError:
        raise PydanticCustomError(
            "grammar", "expected a time such as 2026-06-03T10:00:00Z, from 1970 to 2999"
        ) from None
    return text


def _checked_login(text: str) -> str:
    return text if _AGO.fullmatch(text) else _checked_time(text)


def _seconds(text: str) -> Instant:
    """
    Read a time of day in UTC.

    Raises:
        ValueError: it is none, or no policy could be asked about it.
    """
    if _TIME.fullmatch(text) is None:
        raise ValueError(text)
    moment = int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    if not 0 <= moment <= LATEST:
        raise ValueError(text)
    return Instant(moment)


Time = Annotated[str, AfterValidator(_checked_time)]
LoginTime = Annotated[str, AfterValidator(_checked_login)]
"""A time, or how long before the case's `now`: `now-5m`."""


class UserNode(Node):
    """A user as a proven credential would name one."""

    id: Member
    """`issuer/sub`."""

    groups: list[Text] = Field(default_factory=list)
    """As the issuer says them."""

    scopes: list[Scope] = Field(default_factory=list)
    """Of the credential; what counts is within the user's standing."""

    acr: Text | None = None
    """Of the login; the issuer's `acrLevels` say which level it is."""

    level: Annotated[int, Field(ge=0, le=9)] | None = None
    """Of the login; 2 means several factors. Instead of `acr`."""

    amr: list[Text] = Field(default_factory=list)
    """How the user logged in."""

    authenticated: LoginTime | None = None
    """When: a time, or how long before the case's `now`, as `now-5m`."""

    @model_validator(mode="after")
    def _one_strength(self) -> UserNode:
        if self.acr is not None and self.level is not None:
            exactly_one(self, "acr", "level")
        return self


ASKS = ("call", "get", "read", "session")
"""What a case can ask: a tool, a prompt, a resource, or what keeps a session going."""


class CaseNode(Node):
    """One case as it is written; what it leaves out comes from the case that it is like."""

    name: Text
    """Unique in its file."""

    like: Text | None = None
    """An earlier case of the file: what is left out here is as there."""

    parties: Annotated[list[Text] | None, Field(alias="as", min_length=1)] = None
    """The user, where there is one, then the agents in the order in which the call passed them."""

    call: Text | None = None
    """`namespace/server/tool`."""

    get: Text | None = None
    """`namespace/server/prompt`."""

    read: Text | None = None
    """`namespace/server/URI` of a resource."""

    session: Text | None = None
    """`namespace/server`, for what keeps a session going."""

    args: dict[str, Any] | None = None
    """Of the tool or prompt."""

    headers: dict[HeaderName, Text] | None = None
    """Request headers that policies may read."""

    address: Text | None = None
    """The peer's."""

    now: Time | None = None
    """The time of this case, UTC."""

    expect: Expected
    """What the policies must say."""

    fails_at: Annotated[Text | None, Field(alias="fails_at")] = None
    """The `@id` of the policy to blame."""


class SuiteNode(Node):
    """One file of cases."""

    now: Time
    """The time of every case that has none of its own, UTC."""

    users: dict[str, UserNode] = Field(default_factory=dict)
    """By the names that cases use."""

    agents: dict[str, Text] = Field(default_factory=dict)
    """`namespace/name` by the names that cases use; a `namespace/name` needs none."""

    cases: Annotated[list[CaseNode], Field(min_length=1)]
    """What is asked, in order."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the policies, and what they should say. Names are not looked up yet."""

    name: str
    parties: tuple[str, ...]
    """Aliases or names: a user first where there is one, then agents, the caller last."""

    asks: str
    """One of `ASKS`: what kind of thing `operation` is; empty where nothing is told."""

    operation: str
    """`namespace/server/…`, behind it the tool, prompt or URI; `namespace/server` for a session."""

    args: Mapping[str, JSON]
    headers: Mapping[str, str]
    address: str
    now: Instant
    expect: Expected
    fails_at: str | None
    index: int
    source: Source

    def has(self, *path: str) -> bool:
        """Say whether a member is written in this case, not inherited."""
        return self.source.has("cases", self.index, *path)

    def at(self, *path: str | int) -> Position:
        """Give the position of a member, or of the case where it is inherited."""
        return self.source.at("cases", self.index, *path)

    def key_at(self, *path: str | int) -> Position:
        """Give the position of a member's name."""
        return self.source.key_at("cases", self.index, *path)


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one document, and who takes part in them."""

    users: Mapping[str, UserNode]
    agents: Mapping[str, str]
    """Names (`namespace/name`) by alias."""

    cases: tuple[Case, ...]
    source: Source


def login_time(text: str, now: Instant) -> Instant:
    """Give the time that a user's `authenticated` says, in a case at *now*."""
    ago = _AGO.fullmatch(text)
    return Instant(max(0, now - int(ago[1]) * _SECONDS[ago[2]])) if ago else _seconds(text)


def read_suites(files: Mapping[str, bytes]) -> tuple[Suite, ...]:
    """
    Read the suites of *files*, one a YAML document.

    Raises:
        InvalidWorld: with every mistake of every file.
    """
    suites: list[Suite] = []
    mistakes: list[Diagnostic] = []
    for file, text in sorted(files.items()):
        try:
            suites.extend(map(_suite, read_documents(file, text)))
        except InvalidWorld as error:
            mistakes.extend(under(Rule.TEST_CASE, error.diagnostics))
    if mistakes:
        raise InvalidWorld(mistakes)
    return tuple(suites)


def _suite(source: Source) -> Suite:
    mistakes: list[Diagnostic] = []
    if not isinstance(source.value, dict):
        raise InvalidWorld([Diagnostic(source.start, "expected a mapping with now and cases")])
    node = validated(SuiteNode, source, (), source.value, mistakes)
    if node is None:
        raise InvalidWorld(mistakes)
    mistakes.extend(_alias_mistakes(node, source))
    cases: dict[str, Case] = {}
    for index, written in enumerate(node.cases):
        mistakes.extend(_case_mistakes(written, index, cases, source))
        base = cases.get(written.like or "")
        cases.setdefault(written.name, _case(written, base, node.now, index, source))
    mistakes.extend(note for case in cases.values() for note in _left_out(case))
    if mistakes:
        raise InvalidWorld(mistakes)
    return Suite(node.users, node.agents, tuple(cases.values()), source)


def _alias_mistakes(node: SuiteNode, source: Source) -> Iterator[Diagnostic]:
    for name in node.users.keys() & node.agents.keys():
        yield Diagnostic(source.key_at("agents", name), f"{name} is a user's name as well")


def _case_mistakes(
    case: CaseNode, index: int, before: Mapping[str, Case], source: Source
) -> Iterator[Diagnostic]:
    def at(member: str) -> Position:
        return source.at("cases", index, member)

    if case.name in before:
        yield Diagnostic(at("name"), f"{case.name!r} stands twice in this file")
    if case.like is not None and case.like not in before:
        hint = nearest(case.like, before)
        yield Diagnostic(at("like"), f"no case before this one is named {case.like!r}", hint)
    for member in _asked(case)[1:]:
        message = f"a case has call, get, read or session; {_asked(case)[0]} is there already"
        yield Diagnostic(at(member), message)
    if case.fails_at is not None and case.expect in WITHOUT_POLICY:
        yield Diagnostic(at("fails_at"), f"nothing fails at a policy where {case.expect} is right")


def _left_out(case: Case) -> Iterator[Diagnostic]:
    if case.has("like"):
        return
    if not case.parties:
        yield Diagnostic(case.at(), "as is missing: who asks?")
    if not case.asks:
        hint = "or get (a prompt), read (a resource), session (a server)"
        yield Diagnostic(case.at(), "call is missing: which tool?", hint)


def _asked(case: CaseNode) -> list[str]:
    """Give which members say what is asked."""
    return [member for member in ASKS if getattr(case, member) is not None]


def _case(written: CaseNode, base: Case | None, now: str, index: int, source: Source) -> Case:
    """Give a case with what it inherits; arguments and headers are inherited one by one."""
    asks = next(iter(_asked(written)), "")
    own_now = _seconds(written.now or now)
    return Case(
        name=written.name,
        parties=tuple(written.parties or (base.parties if base else ())),
        asks=asks if asks or base is None else base.asks,
        operation=getattr(written, asks) if asks else base.operation if base else "",
        args={**(base.args if base else {}), **(written.args or {})},
        headers={**(base.headers if base else {}), **(written.headers or {})},
        address=written.address or (base.address if base else ""),
        now=base.now if base and written.now is None else own_now,
        expect=written.expect,
        fails_at=written.fails_at,
        index=index,
        source=source,
    )
