"""`policy.judge`: every leg apart, lower tiers held to their own, no cure that cures nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from cedarpy import AuthzResult, is_authorized_batch

import authz.policy.evaluation
from authz.directory.load import load_directory
from authz.model.instant import Instant
from authz.model.principals import Actor, Hop, Subject, UserId
from authz.model.principals import Authentication as Login
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, ScopePatterns
from authz.policy.judge import judge
from authz.policy.load import load_policies
from authz.policy.question import Judgement, Question
from authz.policy.verdicts import verdict
from tests.support.values import replace
from tests.unit.directory.changes import sound

NOW = Instant(1_780_480_800)
DIRECTORY = load_directory(sound())[0]
DOCS = DIRECTORY.targets["tools/docs"]
READ = frozenset({"docs:read"})

ALICE = Subject(
    user=UserId("corp", "alice"),
    groups=frozenset({"corp/researchers"}),
    roles=frozenset({"operator"}),
    could=ScopePatterns(READ),
    carries=READ,
    authentication=Login(),
    inherited=(),
    expires=Instant(NOW + 60),
)
ASSISTANT = Hop("research/assistant", Actor("spiffe://example.org", "s"))
WRITER = Hop("research/writer", Actor("spiffe://example.org", "t"))

QUESTION = Question(
    target=DOCS,
    offer=DOCS.tools["search"],
    method="tools/call",
    arguments={"query": "q"},
    user=ALICE,
    user_scopes=READ,
    hops=(ASSISTANT,),
    required=READ,
    now=NOW,
    peer_address="127.0.0.1",
    headers={},
)

GLOBAL, NS_TOOLS = "policies/global/a.cedar", "policies/ns/tools/a.cedar"
NS_RESEARCH = "policies/ns/research/a.cedar"
OWN, OTHER = "policies/agents/research/assistant/a.cedar", "policies/agents/research/writer/a.cedar"

PERMIT = '@id("yes") permit (principal, action, resource);\n'
EVERYTHING = '@id("greedy") permit (principal, action, resource);\n'
FORBID = '@id("no") forbid (principal, action, resource);\n'
OVERFLOW = (
    '@id("err") forbid (principal, action, resource)'
    " when { 9223372036854775807 + context.session.chain.depth > 0 };\n"
)


def judged(files: Mapping[str, str], **change: Any) -> Judgement:
    """Judge the question under *files*, one text a place."""
    texts = {
        name: text.replace('@id("', f'@id("{number}-').encode()
        for number, (name, text) in enumerate(files.items())
    }
    return judge(replace(QUESTION, **change), load_policies(texts, DIRECTORY)[0])


def reasons(judgement: Judgement) -> dict[str, str]:
    """Give the reason of each leg."""
    return {leg.party: str(leg.reason) for leg in judgement.legs}


RESULTS: tuple[tuple[str, list[str], list[str], Reason], ...] = (
    ("Allow", ["p"], [], Reason.ALLOW),
    ("Allow", [], [], Reason.POLICY_ERROR),
    ("Allow", ["p"], ["e"], Reason.POLICY_ERROR),
    ("Allow", [], ["e"], Reason.POLICY_ERROR),
    ("Deny", ["p"], [], Reason.FORBIDDEN),
    ("Deny", ["p"], ["e"], Reason.FORBIDDEN),
    ("Deny", [], [], Reason.NO_PERMIT),
    ("Deny", [], ["e"], Reason.POLICY_ERROR),
    ("NoDecision", [], [], Reason.POLICY_ERROR),
    ("NoDecision", [], ["e"], Reason.POLICY_ERROR),
    ("NoDecision", ["p"], [], Reason.POLICY_ERROR),
)


@pytest.mark.parametrize(("decision", "policies", "errors", "reason"), RESULTS, ids=str)
def test_verdict(decision: str, policies: list[str], errors: list[str], reason: Reason) -> None:
    """An Allow counts only with reasons and without errors; whatever is odd is an error."""
    diagnostics = {"reason": policies, "errors": errors}

    assert verdict(AuthzResult({"decision": decision, "diagnostics": diagnostics})) is reason


TIERS: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({}, {"user": "no_permit", "research/assistant": "no_permit"}),
    ({GLOBAL: EVERYTHING}, {"user": "allow", "research/assistant": "allow"}),
    ({NS_TOOLS: EVERYTHING}, {"user": "allow", "research/assistant": "allow"}),
    ({NS_RESEARCH: EVERYTHING}, {"user": "no_permit", "research/assistant": "allow"}),
    ({OWN: EVERYTHING}, {"user": "no_permit", "research/assistant": "allow"}),
    ({OTHER: EVERYTHING}, {"user": "no_permit", "research/assistant": "no_permit"}),
    ({GLOBAL: PERMIT + FORBID}, {"user": "forbidden", "research/assistant": "forbidden"}),
    ({GLOBAL: PERMIT, NS_TOOLS: FORBID}, {"user": "forbidden", "research/assistant": "forbidden"}),
    ({GLOBAL: PERMIT, NS_RESEARCH: FORBID}, {"user": "allow", "research/assistant": "forbidden"}),
    ({GLOBAL: PERMIT, OWN: FORBID}, {"user": "allow", "research/assistant": "forbidden"}),
    ({GLOBAL: PERMIT, OTHER: FORBID}, {"user": "allow", "research/assistant": "allow"}),
    ({GLOBAL: PERMIT + OVERFLOW}, {"user": "policy_error", "research/assistant": "policy_error"}),
    (
        {GLOBAL: PERMIT, NS_RESEARCH: OVERFLOW},
        {"user": "allow", "research/assistant": "policy_error"},
    ),
    ({GLOBAL: PERMIT, OWN: OVERFLOW}, {"user": "allow", "research/assistant": "policy_error"}),
    ({GLOBAL: PERMIT, OTHER: OVERFLOW}, {"user": "allow", "research/assistant": "allow"}),
)


@pytest.mark.parametrize(("files", "expected"), TIERS, ids=str)
def test_tiers(files: dict[str, str], expected: dict[str, str]) -> None:
    """A greedy permit, a forbid or an overflow of a lower tier changes no leg but its own."""
    found = judged(files)

    assert reasons(found) == expected
    assert (found.reason is Reason.ALLOW) == (set(expected.values()) == {"allow"})


def test_every_agent_of_the_chain_is_a_leg() -> None:
    """An agent that the credential passed before is judged like the caller."""
    own_leg = '@id("w") forbid (principal == Agent::"research/writer", action, resource);\n'

    found = judged({GLOBAL: PERMIT + own_leg}, hops=(ASSISTANT, WRITER))

    assert reasons(found) == {
        "user": "allow",
        "research/assistant": "allow",
        "research/writer": "forbidden",
    }
    assert found.reason is Reason.FORBIDDEN


def test_without_a_user_agents_only() -> None:
    """No user has no leg, and what is asked of a user does not stand in for one."""
    found = judged({GLOBAL: PERMIT}, user=None, user_scopes=frozenset())

    assert reasons(found) == {"research/assistant": "allow"}


def test_nobody_is_never_allowed() -> None:
    """Without any party there is nobody to allow."""
    assert judged({GLOBAL: PERMIT}, user=None, hops=()).reason is Reason.POLICY_ERROR


def permit(who: str, scope: str) -> str:
    """Write a permit that gives *scope* to *who*."""
    return (
        f'@id("{who}-{scope}") @scope("{scope}") permit (principal is {who}, action, resource);\n'
    )


GRANTS: tuple[tuple[str, Reason, set[str]], ...] = (
    (permit("User", "docs:read") + permit("Agent", "docs:read"), Reason.ALLOW, {"docs:read"}),
    (
        permit("User", "docs:write") + permit("Agent", "docs:read"),
        Reason.POLICY_WITHHOLDS_SCOPE,
        set(),
    ),
    (permit("User", "docs:read") + permit("Agent", "other"), Reason.POLICY_WITHHOLDS_SCOPE, set()),
    (
        permit("User", "docs:read docs:write") + permit("Agent", "docs:read"),
        Reason.ALLOW,
        {"docs:read"},
    ),
    (PERMIT + permit("User", "other"), Reason.ALLOW, {"docs:read"}),
)


@pytest.mark.parametrize(("text", "reason", "granted"), GRANTS, ids=str)
def test_grants(text: str, reason: Reason, granted: set[str]) -> None:
    """What is granted is in what every leg's permits give, and no more than is required."""
    found = judged({GLOBAL: text})

    assert found.reason is reason
    assert set(found.granted) == granted


def asks(kind: str, met: str) -> str:
    """Write a forbid that asks for *kind* until *met* holds."""
    scope = "(principal, action, resource)"
    return f'@id("{kind}") @step_up("{kind}") forbid {scope} unless {{ {met} }};\n'


MFA = asks("mfa", "context.session.auth.level >= 2")
CONSENT = asks("consent", "context.session.consent.granted")
APPROVAL = asks("approval", "context.session.approval.granted")
NEVER = asks("mfa", "false")

CHALLENGES: tuple[tuple[str, dict[str, Any], Reason, tuple[str, ...]], ...] = (
    (MFA, {}, Reason.STEP_UP_REQUIRED, ("mfa",)),
    (CONSENT, {}, Reason.CONSENT_REQUIRED, ("consent",)),
    (APPROVAL, {}, Reason.APPROVAL_PENDING, ("approval",)),
    (APPROVAL + CONSENT + MFA, {}, Reason.STEP_UP_REQUIRED, ("mfa", "consent", "approval")),
    (APPROVAL + CONSENT, {}, Reason.CONSENT_REQUIRED, ("consent", "approval")),
    (NEVER, {}, Reason.FORBIDDEN, ()),
    (MFA + FORBID, {}, Reason.FORBIDDEN, ()),
    (MFA, {"user": None}, Reason.FORBIDDEN, ()),
    (CONSENT, {"user": None}, Reason.FORBIDDEN, ()),
    (APPROVAL, {"user": None}, Reason.APPROVAL_PENDING, ("approval",)),
    (MFA + OVERFLOW, {}, Reason.FORBIDDEN, ()),
)


@pytest.mark.parametrize(("text", "change", "reason", "challenges"), CHALLENGES, ids=str)
def test_challenges(
    text: str, change: dict[str, Any], reason: Reason, challenges: tuple[str, ...]
) -> None:
    """Only a step-up that would lead to an allow is offered, in the order in which it is asked."""
    found = judged({GLOBAL: PERMIT + text}, **change)

    assert (found.reason, found.challenges) == (reason, challenges)


def test_no_challenge_where_nothing_permits() -> None:
    """A login that would help a forbid but meets no permit afterwards is not asked for."""
    found = judged({GLOBAL: MFA})

    assert (found.reason, found.challenges) == (Reason.NO_PERMIT, ())


def test_no_challenge_where_a_scope_would_be_withheld() -> None:
    """A login is not asked for where the permits would not give what is required anyway."""
    found = judged({GLOBAL: permit("User", "other") + permit("Agent", "docs:read") + MFA})

    assert found.reason is Reason.POLICY_WITHHOLDS_SCOPE


def test_headers_that_policies_may_read() -> None:
    """A policy sees the headers that the Gate lists, and no other."""
    has = 'context.session.headers.hasTag("%s")'
    sees = f'@id("h") permit (principal, action, resource) when {{ {has} }};'
    # By another header's value, so that the loader cannot tell the name.
    roundabout = sees.replace('"%s"', 'context.session.headers.getTag("x-request-source")')
    guarded = roundabout.replace("{ ", '{ context.session.headers.hasTag("x-request-source") && ')
    headers = {"x-request-source": "authorization", "authorization": "Bearer x"}

    listed = judged({GLOBAL: sees.replace("%s", "x-request-source")}, headers=headers)
    other = judged({GLOBAL: guarded}, headers=headers)

    assert (listed.reason, other.reason) == (Reason.ALLOW, Reason.NO_PERMIT)


@pytest.mark.parametrize("address", ["", "x", "10.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%eth0"])
def test_any_peer_address_is_judged(address: str) -> None:
    """An address that the engine cannot type is left out, and errs nowhere."""
    assert judged({GLOBAL: PERMIT}, peer_address=address).reason is Reason.ALLOW


def test_an_engine_that_answers_too_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leg that the engine gives no answer for is a fault, and never a leg that is left out."""
    monkeypatch.setattr(
        authz.policy.evaluation,
        "is_authorized_batch",
        lambda *asked: is_authorized_batch(*asked)[:-1],
    )

    with pytest.raises(ValueError, match="not enough"):
        judged({GLOBAL: PERMIT})


GENEROUS = '@id("s") @scope("docs:read docs:write") permit (principal, action, resource);\n'


def test_a_permit_gives_nobody_more_than_it_holds() -> None:
    """What a permit names counts within what is required and what the leg's own party holds."""
    enough, nothing = (
        judged({GLOBAL: GENEROUS}, user_scopes=held) for held in (READ | {"docs:write"}, NO_SCOPES)
    )

    assert [leg.granted for leg in enough.legs] == [READ, READ]
    assert [leg.granted for leg in nothing.legs] == [NO_SCOPES, READ]
    assert nothing.reason is Reason.POLICY_WITHHOLDS_SCOPE


ODD_RESULTS = {
    "no decision": ("NoDecision", [], "the engine gave no decision"),
    "an error that names no policy": ("Deny", ["something broke"], "the engine gave no decision"),
}


@pytest.mark.parametrize(("decision", "errors", "says"), ODD_RESULTS.values(), ids=ODD_RESULTS)
def test_an_engine_that_answers_oddly(
    decision: str, errors: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the engine answers, the no has a reason and a detail for people."""
    result = AuthzResult({"decision": decision, "diagnostics": {"reason": [], "errors": errors}})
    monkeypatch.setattr(
        authz.policy.evaluation,
        "is_authorized_batch",
        lambda requests, *_: [result] * len(requests),
    )
    judgement = judged({GLOBAL: PERMIT})

    assert judgement.reason is Reason.POLICY_ERROR
    assert judgement.detail == f"user: {says}; research/assistant: {says}"
