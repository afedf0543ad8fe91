"""Cases to questions: every name of a suite looked up in the world that it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from authz.directory.compiled import Directory, Target, TargetKind
from authz.directory.diagnostics import Diagnostic, InvalidWorld, nearest, under
from authz.directory.offers import Offer
from authz.directory.rules import Rule
from authz.directory.suites import ASKS, Case, Suite, UserNode, login_time
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.operation import (
    HttpCall,
    Operation,
    PromptUse,
    ResourceUse,
    Session,
    ToolCall,
)
from authz.model.principals import Actor, Authentication, Hop, Login, Subject, UserId
from authz.model.scopes import NO_SCOPES
from authz.policy.compiled import Policies
from authz.policy.question import Question
from authz.steps.standing import subject_of

SESSION_METHOD = "initialize"
"""Of MCP's session methods; policies seldom tell them apart."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One case and the question that it asks."""

    case: Case
    question: Question


def questions_of(
    suites: Iterable[Suite], directory: Directory, policies: Policies
) -> tuple[Rehearsed, ...]:
    """
    Give the question of every case.

    Raises:
        InvalidWorld: with every name that the world does not have.
    """
    mistakes: list[Diagnostic] = []
    found: list[Rehearsed] = []
    ids = frozenset(policy.ref.id for policy in policies.by_engine_id.values())
    for suite in suites:
        looked_up = _LookedUp(suite, directory, policies.headers, ids)
        wrong = [*looked_up.mistakes()]
        mistakes.extend(wrong)
        if not wrong:
            found.extend(Rehearsed(case, looked_up.question(case)) for case in suite.cases)
    if mistakes:
        raise InvalidWorld(under(Rule.TEST_CASE, mistakes))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """One suite beside its world."""

    suite: Suite
    directory: Directory
    headers: frozenset[str]
    policies: frozenset[str]

    def mistakes(self) -> Iterator[Diagnostic]:
        for alias, user in self.suite.users.items():
            yield from self._user_mistakes(alias, user)
        for alias, agent in self.suite.agents.items():
            if agent not in self.directory.agents:
                place = self.suite.source.at("agents", alias)
                hint = nearest(agent, self.directory.agents)
                yield Diagnostic(place, f"no document declares the Agent {agent}", hint)
        for case in self.suite.cases:
            # What is inherited was told where it is written.
            if case.has("as"):
                yield from self._party_mistakes(case)
            if any(map(case.has, ASKS)):
                yield from self._operation_mistakes(case)
            yield from self._name_mistakes(case)

    def _user_mistakes(self, alias: str, user: UserNode) -> Iterator[Diagnostic]:
        source = self.suite.source
        name = user.id.partition("/")[0]
        issuer = self.directory.issuers.get(name)
        if issuer is None:
            hint = nearest(name, self.directory.issuers)
            yield Diagnostic(source.at("users", alias, "id"), f"there is no Issuer {name}", hint)
            return
        for index, group in enumerate(user.groups):
            if group not in issuer.groups:
                place = source.at("users", alias, "groups", index)
                hint = nearest(group, issuer.groups)
                yield Diagnostic(place, f"{name} may not assert the group {group}", hint)
        if user.acr is not None and user.acr not in issuer.acr_levels:
            hint = nearest(user.acr, issuer.acr_levels)
            place = source.at("users", alias, "acr")
            yield Diagnostic(place, f"{name} declares no level of the acr {user.acr}", hint)

    def _party_mistakes(self, case: Case) -> Iterator[Diagnostic]:
        known = {*self.suite.users, *self.suite.agents, *self.directory.agents}
        for index, party in enumerate(case.parties):
            if party not in known:
                hint = nearest(party, known)
                yield Diagnostic(case.at("as", index), f"nobody here is named {party}", hint)
            elif index and party in self.suite.users:
                hint = "the user stands first, then agents, the caller last"
                yield Diagnostic(case.at("as", index), f"{party} is a user", hint)
        if not self._agents(case):
            yield Diagnostic(case.at("as"), "no agent asks", "name at least the calling agent")

    def _operation_mistakes(self, case: Case) -> Iterator[Diagnostic]:
        place, (server, name) = case.at(case.asks), _operation_of(case)
        target = self.directory.targets.get(server)
        if target is None:
            hint = nearest(server, self.directory.targets)
            yield Diagnostic(place, f"no document declares the target {server}", hint)
        elif case.asks in _NAMED and _offer(case, target) is None:
            known = _known(case, target)
            message = f"{server} declares no {_kind(case, target)} {name}"
            yield Diagnostic(place, message, nearest(name, known))

    def _name_mistakes(self, case: Case) -> Iterator[Diagnostic]:
        for name in sorted(case.headers.keys() - self.headers):
            if case.has("headers", name):
                hint = nearest(name, self.headers) or "list it in the Gate's policyHeaders"
                place = case.key_at("headers", name)
                yield Diagnostic(place, f"policies may not read the header {name}", hint)
        if case.fails_at is not None and case.fails_at not in self.policies:
            hint = nearest(case.fails_at, self.policies)
            yield Diagnostic(case.at("fails_at"), f"there is no policy {case.fails_at}", hint)

    def _agents(self, case: Case) -> list[str]:
        """Give the names of the agents, in the order in which the call passed them."""
        names = (self.suite.agents.get(each, each) for each in case.parties)
        return [each for each in names if each not in self.suite.users]

    def question(self, case: Case) -> Question:
        """Ask what *case* asks, in a suite without mistakes."""
        target = self.directory.targets[_operation_of(case)[0]]
        offer, asked = _offer(case, target), _asked(case, target)
        user = self.suite.users.get(case.parties[0])
        subject = None if user is None else self._subject(user, case.now)
        return Question(
            target=target,
            offer=offer,
            method=asked.method,
            arguments=case.args if isinstance(asked, (ToolCall, PromptUse)) else None,
            user=subject,
            user_scopes=subject.carries if subject else NO_SCOPES,
            hops=tuple(Hop(name, Actor("", name)) for name in reversed(self._agents(case))),
            required=target.session_scopes if offer is None else offer.scopes,
            now=case.now,
            peer_address=case.address,
            headers=case.headers,
            uri=asked.uri if isinstance(asked, ResourceUse) else "",
        )

    def _subject(self, user: UserNode, now: Instant) -> Subject:
        """Give the user as step 3 would, had a credential said what the test says."""
        name, _, sub = user.id.partition("/")
        issuer = self.directory.issuers[name]
        level = user.level if user.level is not None else issuer.acr_levels.get(user.acr or "", 0)
        time = EARLIEST if user.authenticated is None else login_time(user.authenticated, now)
        login = Login(
            user=UserId(name, sub),
            groups=frozenset(f"{name}/{group}" for group in user.groups),
            scopes=frozenset(user.scopes),
            authentication=Authentication(level, user.acr or "", frozenset(user.amr), time),
            expires=LATEST,
        )
        return subject_of(login, self.directory)


_NAMED = {"call": "tool", "get": "prompt", "read": "resource"}
"""What cases name, by the member that names it."""


def _operation_of(case: Case) -> tuple[str, str]:
    """Give the target's name, and what is asked for there; nothing for operation `session`."""
    namespace, _, rest = case.operation.partition("/")
    server, _, name = rest.partition("/")
    return (f"{namespace}/{server}", name) if case.asks in _NAMED else (case.operation, "")


def _asked(case: Case, target: Target) -> Operation:
    _, name = _operation_of(case)
    if target.kind is TargetKind.HTTP_SERVICE:
        method, _, path = name.partition(" ")
        return HttpCall(method, path)
    match case.asks:
        case "call":
            return ToolCall(name, case.args)
        case "get":
            return PromptUse(name, case.args)
        case "read":
            return ResourceUse(name)
    return Session(SESSION_METHOD)


def _offer(case: Case, target: Target) -> Offer | None:
    """Give what a case names: a route by its template too."""
    named = target.routes.listed.get(_operation_of(case)[1])
    return named or target.offer_for(_asked(case, target))


def _kind(case: Case, target: Target) -> str:
    return "route" if target.kind is TargetKind.HTTP_SERVICE else _NAMED[case.asks]


def _known(case: Case, target: Target) -> Iterable[str]:
    """Give what a name that nothing has may have been meant for."""
    if target.kind is TargetKind.HTTP_SERVICE:
        return target.routes.listed
    if case.asks == "read":
        return [each.uri.text for each in target.resources.values()]
    return target.tools if case.asks == "call" else target.prompts
