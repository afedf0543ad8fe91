"""What is kept between questions: under what, for how many, and what is never kept."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from cedarpy import AuthzResult

import authz.policy.evaluation
from authz.directory.compiled import Lifecycle
from authz.model.instant import Instant
from authz.model.memo import Memo, living
from authz.model.principals import Actor, Hop, UserId
from authz.model.reasons import Reason
from authz.policy.compiled import Policies
from authz.policy.judge import judge
from authz.policy.load import load_policies
from authz.policy.question import Question
from authz.policy.session import SESSION
from tests.support.values import replace
from tests.support.whole import judged_whole
from tests.unit.policy.test_judge import (
    ALICE,
    ASSISTANT,
    DIRECTORY,
    GLOBAL,
    PERMIT,
    QUESTION,
    WRITER,
)

GROUP = '@id("g") permit (principal in Group::"corp/researchers", action, resource);'
AGENTS = '@id("a") permit (principal is Agent, action, resource);'
FORBID = '@id("f") forbid (principal, action, resource)'
READS = '@id("r") permit (principal, action in Action::"tools/call", resource) when {{ {} }};'


def load(*texts: str) -> Policies:
    """Load global policies."""
    return load_policies({GLOBAL: "\n".join(texts).encode()}, DIRECTORY)[0]


def asked(**change: Any) -> Question:
    """Give a question that differs in something."""
    return replace(QUESTION, **change)


def kept_by(policies: Policies, *questions: Question) -> int:
    """Give how many verdicts are kept after *questions*."""
    for question in questions:
        judge(question, policies)
    return len(policies.verdicts)


def test_asked_twice_is_evaluated_once() -> None:
    """The second time the engine is asked nothing."""
    policies = load(PERMIT)
    first = judge(QUESTION, policies)

    assert judge(QUESTION, policies) == first
    assert (policies.verdicts.hits, len(policies.verdicts)) == (2, 2)


def test_whom_no_policy_names_shares() -> None:
    """Another user, with other groups that no policy names, is judged as the one before."""
    policies = load(GROUP, AGENTS)
    other = replace(ALICE, user=UserId("corp", "bob"), groups=ALICE.groups | {"corp/others"})

    assert kept_by(policies, asked(), asked(user=other)) == 2


APART = {
    "a group that is named": {"user": replace(ALICE, groups=frozenset())},
    "a user that is named": {"user": replace(ALICE, user=UserId("corp", "bob"))},
}


@pytest.mark.parametrize("change", APART.values(), ids=APART)
def test_whom_a_policy_names_does_not(change: dict[str, Any]) -> None:
    """What a policy can tell apart is kept apart."""
    alone = '@id("b") forbid (principal == User::"corp/bob", action, resource);'
    policies = load(GROUP, AGENTS, alone)

    assert judge(asked(), policies).reason is Reason.ALLOW
    assert judge(asked(**change), policies).reason is not Reason.ALLOW
    assert judge(asked(), policies).reason is Reason.ALLOW


def test_many_agents_share_one_plan() -> None:
    """However many agents there are: without a policy of their own they are planned for once."""
    many = {
        f"crew/a{n}": replace(DIRECTORY.agents["research/assistant"], name=f"crew/a{n}")
        for n in range(50)
    }
    own = '@id("own") permit (principal == Agent::"research/writer", action, resource);'
    policies = replace(load(PERMIT, own), agents={**DIRECTORY.agents, **many})
    questions = [asked(hops=(Hop(name, Actor("i", name)),)) for name in many]

    assert kept_by(policies, *questions) == 2
    assert len(policies.leg_plans) == 2
    assert kept_by(policies, asked(hops=(Hop("research/writer", Actor("i", "w")),))) == 3


RECORDS = sorted({fact.path[0] for fact in SESSION if len(fact.path) > 1})


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_that_is_only_asked_for_is_there(record: str) -> None:
    """A forbid on its presence forbids, though no policy reads anything in it."""
    policies = load(PERMIT, f"{FORBID} when {{ context.session has {record} }};")
    judgement = judge(QUESTION, policies)

    assert judgement.reason is Reason.FORBIDDEN
    assert judgement == judged_whole(QUESTION, policies)


ARGUMENT_TEXT = (
    'context.session.args.hasTag("/query") && context.session.args.getTag("/query") == "q"'
)
HEADER = 'context.session.headers.hasTag("x-a") && context.session.headers.getTag("x-a") == "1"'
READING = {
    "arguments": 'context.input has query && context.input.query == "q"',
    "arguments as text": ARGUMENT_TEXT,
    "a header": HEADER,
}
"""Conditions that hold for `AS_READ`, and for `OTHERWISE` not."""

AS_READ: dict[str, Any] = {"arguments": {"query": "q"}, "headers": {"x-a": "1"}}
OTHERWISE: dict[str, Any] = {"arguments": {"query": "w"}, "headers": {"x-a": "2"}}


def reading(condition: str) -> Policies:
    """Load a policy for tools that may read a header too."""
    gate = replace(DIRECTORY.gate, policy_headers=frozenset({"x-a"}))
    files = {GLOBAL: READS.format(condition).encode()}
    return load_policies(files, replace(DIRECTORY, gate=gate))[0]


@pytest.mark.parametrize("condition", READING.values(), ids=READING)
def test_what_a_call_says_is_part_of_what_it_is_kept_under(condition: str) -> None:
    """The same call is evaluated once; another one is another, also right after it."""
    policies = reading(condition)

    for _ in range(2):
        assert judge(asked(**AS_READ), policies).reason is Reason.ALLOW
        assert judge(asked(**OTHERWISE), policies).reason is Reason.NO_PERMIT
    assert (policies.live_verdicts.hits, len(policies.live_verdicts)) == (4, 4)
    assert len(policies.verdicts) == 0


SOMEBODY_ELSE: tuple[dict[str, Any], ...] = (
    {"user": replace(ALICE, user=UserId("corp", "bob"))},
    {"user": None},
    {"hops": (WRITER,)},
)


@pytest.mark.parametrize("change", SOMEBODY_ELSE)
def test_what_somebody_says_is_kept_for_them_alone(change: dict[str, Any]) -> None:
    """How long an answer takes tells nobody what others asked, though all are judged alike."""
    policies = reading(READING["arguments"])
    judge(asked(**AS_READ), policies)
    judge(asked(**AS_READ, **change), policies)

    assert policies.live_verdicts.hits == 0


def test_what_somebody_says_is_not_kept_as_it_is() -> None:
    """A digest stands for it, so memory holds no value of anybody, and does not grow with it."""
    policies = reading(READING["arguments"])
    judge(asked(arguments={"query": "a secret order"}), policies)

    assert len(policies.live_verdicts) == 2
    assert "secret" not in repr(policies.live_verdicts._new)


NOT_KEPT = {
    "the time": 'context.session.clock.now > datetime("2020-01-01")',
    "the time, with its clock": "context.session.clock == context.session.clock",
    "the time, whose clock is asked for": "context.session has clock",
    "everything": 'context.session has user && User::"corp/alice" in Group::"corp/researchers"',
}


@pytest.mark.parametrize("condition", NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_no_other_call_says_is_not_kept(condition: str) -> None:
    """A leg that reads what is never the same again does not fill the memory."""
    policies = load(READS.format(condition))

    assert judge(QUESTION, policies).reason is Reason.ALLOW
    assert (len(policies.verdicts), len(policies.live_verdicts)) == (0, 0)


def test_arguments_that_no_schema_knows_are_kept_apart() -> None:
    """Names that callers invent push out nothing but what calls said; without any it is kept."""
    policies = load(READS.format("context.unknownArgs.isEmpty()"))
    invented = [asked(arguments={f"x{n}": "1"}) for n in range(5)]

    assert kept_by(policies, *invented) == 0
    assert kept_by(policies, asked()) == 2


@pytest.mark.parametrize("policy", [PERMIT, READS.format(READING["arguments"])])
def test_a_fault_is_not_kept(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that once gave no decision is asked again."""
    policies = load(policy)
    nothing = AuthzResult({"decision": "NoDecision", "diagnostics": {"reason": [], "errors": []}})
    with monkeypatch.context() as broken:
        broken.setattr(authz.policy.evaluation, "is_authorized_batch", lambda *_: [nothing])
        assert judge(QUESTION, policies).reason is Reason.POLICY_ERROR

    assert judge(QUESTION, policies).reason is Reason.ALLOW


def test_another_directory_keeps_nothing_of_the_one_before() -> None:
    """What is kept goes away with its policies: an agent that is suspended is so at once."""
    active = (
        'principal is User || (principal is Agent && principal.lifecycle == Lifecycle::"active")'
    )
    policies = load(READS.format(active))
    assistant = replace(DIRECTORY.agents["research/assistant"], lifecycle=Lifecycle.SUSPENDED)

    assert judge(QUESTION, policies).reason is Reason.ALLOW
    after = replace(policies, agents={**DIRECTORY.agents, assistant.name: assistant})
    assert judge(QUESTION, after).reason is Reason.NO_PERMIT


def test_the_same_name_declared_otherwise_is_planned_anew() -> None:
    """Whoever tries another declaration of a tool is not told of the first."""
    policies = load(READS.format("resource.readOnly"))
    changed = replace(DIRECTORY.targets["tools/docs"].tools["search"], read_only=False)

    assert judge(QUESTION, policies).reason is Reason.ALLOW
    assert judge(asked(offer=changed), policies).reason is Reason.NO_PERMIT
    assert judge(QUESTION, policies).reason is Reason.ALLOW


def test_metrics_find_every_memo() -> None:
    """All that policies keep is shown, each memo under a name of its own."""
    policies = load(PERMIT)
    members = (getattr(policies, each.name) for each in fields(policies))
    memos = {policies.slices.made, *(each for each in members if isinstance(each, Memo))}

    assert len({memo.name for memo in memos}) == len(memos) == 7
    assert memos <= {*living()}
    assert all(0 < memo._bound <= 50_000 for memo in memos)


TOLD_APART = (
    'principal.scopes.contains("docs:read")',
    'context.session has user && context.session.user == User::"corp/bob"',
    "context.session has user && context.session.user == principal",
    "context.session has agent && context.session.agent == principal",
    "principal is User || context.session.chain.actors.contains(principal)",
    'context.session has user && context.session.user.scopes.contains("docs:read")',
    'context.session has user && context.session.user in Group::"corp/researchers"',
    'context.session.chain.actors.contains(Agent::"research/writer")',
    "context.session.chain.depth == 1",
    "context.session.auth.level >= 2",
    'principal == User::"corp/bob" || principal is Agent',
    'principal is Agent || principal in Group::"corp/researchers"',
    "context.session.clock.hour < 12",
    'context.session.net has source && context.session.net.source.isInRange(ip("10.0.0.0/8"))',
)
CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"user_scopes": frozenset()},
    {"hops": (WRITER, ASSISTANT)},
    {"now": Instant(QUESTION.now + 12 * 3600)},
    {"peer_address": "10.1.2.3"},
)
EVERYBODY = tuple(
    asked(user=user and replace(ALICE, user=UserId("corp", user), groups=groups), **change)
    for user in (None, "alice", "bob")
    for groups in (frozenset[str](), ALICE.groups)
    for change in CHANGES
)


@pytest.mark.parametrize("said", ["", " && context.input has query"])
@pytest.mark.parametrize("condition", TOLD_APART)
def test_whoever_asked_before(condition: str, said: str) -> None:
    """Each is judged by all that a policy sees of everybody, though they all say the same."""
    policies = load(READS.format(f"({condition}){said}"))

    for question in (*EVERYBODY, *EVERYBODY):
        assert judge(question, policies) == judged_whole(question, policies)


STEP_UPS = {
    "mfa": "context.session.auth.level >= 2",
    "consent": "context.session.consent.granted",
    "approval": "context.session.approval.granted",
}


@pytest.mark.parametrize(("kind", "condition"), STEP_UPS.items())
def test_evidence_is_part_of_what_it_is_kept_under(kind: str, condition: str) -> None:
    """What a forbid came to without evidence is not what it comes to with it, nor the reverse."""
    asks = f'{FORBID} when {{ !({condition}) && context.session.args.hasTag("/query") }};'
    policies = load(PERMIT, f'@step_up("{kind}") {asks}')

    for _ in range(2):
        assert judge(QUESTION, policies).challenges == (kind,)
    assert (
        policies.live_verdicts.hits == policies.live_verdicts.misses == len(policies.live_verdicts)
    )
