"""Steps 9 and 10: Cedar over every leg, and what would turn its no into a yes."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from authz.directory.offers import Tool
from authz.model.call import Call
from authz.model.clearance import Clearance
from authz.model.instant import EARLIEST, Instant
from authz.model.operation import Message, Operation, PromptUse, Protocol, ResourceUse, ToolCall
from authz.model.outcome import Facts, Passed, Refused
from authz.model.reasons import Reason
from authz.model.strict_json import JSON
from authz.policy.compiled import Policies
from authz.policy.judge import hold, judge, settle
from authz.policy.question import Judgement, Question
from authz.protocols.mcp import agrees_with_mirrors, has_mirrors
from authz.steps.ceilings import UserScopes
from authz.steps.given import Asked, Credential, Given, Link, hops_of

CHALLENGES = frozenset({Reason.STEP_UP_REQUIRED, Reason.CONSENT_REQUIRED, Reason.APPROVAL_PENDING})


class Settled(Struct, frozen=True, gc=False):
    """
    What policy says of all calls of one clearance, if that does not depend on the call.

    It is a fact of those calls that it decided.
    """

    judgement: Judgement | None


NOT_SETTLED = Settled(None)


class NothingAsked(Struct, frozen=True, gc=False):
    """Step 10: no policy asks for more evidence."""


def judge_policies(given: Given, facts: Facts) -> Passed[Judgement] | Refused:
    """Refuse what policy forbids, does not permit, or permits without every required scope."""
    if has_mirrors(given.call.headers) and not _mirrors_agree(given, facts):
        return Refused(Reason.BAD_ARGUMENT, "an mcp-param header differs from the arguments")
    policies, clearance = given.world.policies, facts.find(Clearance)
    settled = clearance.derive(_settled, policies) if clearance else NOT_SETTLED
    judgement = _judged(settled, given, facts)
    if judgement is settled.judgement:
        return Passed(judgement, (settled,))
    if judgement.reason is Reason.ALLOW or judgement.reason in CHALLENGES:
        return Passed(judgement)
    return Refused(judgement.reason, judgement.detail, facts=(judgement,))


def _judged(settled: Settled, given: Given, facts: Facts) -> Judgement:
    """Judge the call, or only its arguments where they are all that is left to judge."""
    policies = given.world.policies
    if settled.judgement is not None:
        arguments = _arguments_of(facts.of(Message).operation)
        held = hold(settled.judgement, facts.of(Asked).offer, arguments, policies)
        if held is not None:
            return held
    return judge(question_of(given, facts), policies)


def _settled(facts: Facts, policies: Policies) -> Settled:
    return Settled(settle(_question(facts, EARLIEST, facts.of(Call)), policies))


def _arguments_of(operation: Operation) -> Mapping[str, JSON] | None:
    return operation.arguments if isinstance(operation, (ToolCall, PromptUse)) else None


def check_challenges(_given: Given, facts: Facts) -> Passed[NothingAsked] | Refused:
    """Refuse, curably, where a policy asks for a login, a consent or an approval."""
    judgement = facts.of(Judgement)
    if judgement.reason is Reason.ALLOW:
        return Passed(NothingAsked())
    return Refused(judgement.reason, f"policy asks for {', '.join(judgement.challenges)}")


def _mirrors_agree(given: Given, facts: Facts) -> bool:
    match facts.of(Message).operation, facts.of(Asked).offer:
        case ToolCall(arguments=arguments), Tool(mirrored=mirrored):
            return agrees_with_mirrors(arguments, given.call.headers, mirrored)
    is_mcp = facts.of(Message).protocol is Protocol.MCP
    return not is_mcp or agrees_with_mirrors({}, given.call.headers, {})


def question_of(given: Given, facts: Facts) -> Question:
    """Give what is asked of the policies, from what the steps before learned."""
    return _question(facts, given.now, given.call)


def _question(facts: Facts, now: Instant, call: Call) -> Question:
    operation, asked = facts.of(Message).operation, facts.of(Asked)
    return Question(
        target=facts.of(Link).target,
        offer=asked.offer,
        method=operation.method,
        arguments=_arguments_of(operation),
        uri=operation.uri if isinstance(operation, ResourceUse) else "",
        user=facts.of(Credential).subject,
        user_scopes=facts.of(UserScopes).scopes,
        hops=hops_of(facts),
        required=asked.required,
        now=now,
        peer_address=call.peer_address,
        headers=call.headers,
    )
