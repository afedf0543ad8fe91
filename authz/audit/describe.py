"""What a decision record says. Ids and timings aside it follows from the decision's inputs.

Never in it: a token, a credential, an argument's value that the tool does not
open by `record`. What a caller wrote is cut to `MAX_TEXT` characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import lru_cache

from authz.audit.arguments import rows_of
from authz.audit.record import Record, tail
from authz.claims.check import Minted
from authz.directory.compiled import Target
from authz.directory.offers import Prompt, route_name
from authz.model.call import Call
from authz.model.clearance import Clearance, derived
from authz.model.instant import Instant, as_datetime
from authz.model.masking import MAX_TEXT
from authz.model.operation import (
    AgentCall,
    HttpCall,
    Message,
    Operation,
    PromptUse,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Allowed, Facts, Named, Outcome, Replied, TurnedAway
from authz.model.principals import Caller, Identity, Proof, Subject, UserAlone
from authz.model.reasons import verdict_of
from authz.model.resource_uri import MAX_URI
from authz.model.scopes import Scopes
from authz.model.trace import trace_id_of
from authz.policy.question import Judgement
from authz.steps.given import Asked, Credential, Grant, Held, Route, hops_of
from authz.steps.policy import Settled

MAX_DETAIL = 1024
MAX_PRINCIPAL = 2048
"""Characters: as long as a SPIFFE ID may be."""

MAX_METHODS = 64
"""Methods of a login (`amr`) that are told."""

Members = Mapping[str, object]

_KINDS: Mapping[type, str] = {
    ToolCall: "tool_call",
    PromptUse: "prompt",
    ResourceUse: "resource",
    TaskUse: "task",
    Session: "session",
    HttpCall: "http",
    AgentCall: "agent_call",
    Unknown: "unknown",
}


def describe(
    outcome: Outcome,
    now: Instant,
    world: str,
    stages: Mapping[str, int],
    policy_headers: Set[str] = frozenset(),
    minted: Minted | None = None,
) -> Record:
    """
    Describe one decision.

    Args:
        outcome: What was decided, with the facts that its steps learned.
        now: The instant of the request.
        world: Version of the world it was decided in.
        stages: Microseconds by stage, as far as they are over.
        policy_headers: Those that policies may read; which are there is told, not what they say.
        minted: The token that an allow releases; it may have been signed for an earlier decision.
    """
    facts = outcome.facts
    call = facts.of(Call)
    own: Members = {
        "time": time_of(now),
        "decision": call.decision,
        "trace": trace_of(facts),
        "world": world,
        "peer": {"principal": call.principal[:MAX_PRINCIPAL], "address": call.peer_address[:64]},
        "request": _request(call),
        "operation": _operation(facts),
        "headers": sorted(filter(call.headers.__contains__, policy_headers)),
        "token": _token(outcome, minted),
        "envoy": {"stream": call.stream, "time": call.time},
        "stages_us": dict(stages),
    }
    return Record(own, _shared(outcome))


def _shared(outcome: Outcome) -> bytes:
    """Give what all calls say that ended like this one: written once, where policy is settled."""
    facts = outcome.facts
    clearance = facts.find(Clearance)
    # What is settled is an allow; its token may still be found too wide.
    if (
        clearance is not None
        and isinstance(outcome, (Allowed, Named))
        and facts.find(Settled) is not None
    ):
        return clearance.derive(_written, outcome)
    return _written(facts, outcome)


def _written(facts: Facts, outcome: Outcome) -> bytes:
    return tail(
        {
            "listener": facts.of(Call).listener,
            **_ending(outcome),
            **derived(facts, _parties),
            "target": _target(facts),
            **_rights(facts, outcome.facts.find(Judgement)),
        }
    )


def _ending(outcome: Outcome) -> Members:
    """Say how a decision ended."""
    answer = outcome.answer if isinstance(outcome, (TurnedAway, Replied)) else None
    return {
        "verdict": verdict_of(outcome.reason),
        "reason": outcome.reason,
        "step": outcome.step,
        "detail": outcome.detail[:MAX_DETAIL],
        "status": answer.status if answer else None,
    }


@lru_cache(4)
def time_of(now: Instant) -> str:
    """Give an instant as records have it."""
    return as_datetime(now).isoformat().replace("+00:00", "Z")


def trace_of(facts: Facts) -> str:
    """Give the trace id: the Check's own, the request's, MCP's `_meta`, else a new one."""
    call, message = facts.of(Call), facts.find(Message)
    return (
        trace_id_of(call.check_traceparent)
        or trace_id_of(call.headers.get("traceparent"))
        or trace_id_of(message.traceparent if message else None)
        or call.new_trace
    )


def _parties(facts: Facts) -> Members:
    """Say who asks, and for whom: all that the proofs of a call say."""
    caller, credential = facts.find(Caller), facts.find(Credential)
    subject = credential.subject if credential else None
    return {
        **_proven(facts),
        "agent": caller.hop.agent if caller else None,
        "user": str(subject.user) if subject else None,
        "chain": [hop.agent for hop in hops_of(facts)] if credential else None,
        "subject": _subject(subject),
    }


def _proven(facts: Facts) -> Members:
    """Say whom a good proof named, and what proof that was; an agent may be declared or not."""
    caller, undeclared = facts.find(Caller), facts.find(Identity)
    actor = caller.hop.actor if caller else undeclared.actor if undeclared else None
    proven = caller or undeclared
    if proven is None or actor is None:
        return {
            "identity": Proof.NONE if facts.find(UserAlone) else None,
            "workload": None,
            "client": None,
        }
    is_client = proven.proof is Proof.CLIENT
    return {
        "identity": proven.proof,
        "workload": str(proven.workload) if proven.workload else None,
        "client": {"iss": actor.iss, "sub": actor.sub[:MAX_TEXT]} if is_client else None,
    }


def _subject(subject: Subject | None) -> Members | None:
    """Say what the credential said of its user, as far as it counted: enough to decide again."""
    if subject is None:
        return None
    login = subject.authentication
    return {
        "groups": _listed(subject.groups),
        "roles": _listed(subject.roles),
        "scopes": _listed(subject.said),
        "carries": _listed(subject.carries),
        "level": login.level,
        "acr": login.acr[:MAX_TEXT],
        "amr": _listed(login.amr)[:MAX_METHODS],
        "authenticated": int(login.time),
        "expires": int(subject.expires),
    }


def _target(facts: Facts) -> str | None:
    """Give the target that was found, else what the route names."""
    call, route = facts.of(Call), facts.find(Route)
    if route is not None and route.target is not None:
        return route.target.name
    return call.target and call.target[:MAX_TEXT]


def _request(call: Call) -> Members:
    """Say what was asked for by HTTP. A query may hold anything, so it is left out."""
    path, mark, _ = call.path.partition("?")
    return {
        "method": call.method[:MAX_TEXT],
        "host": call.host[:MAX_TEXT],
        "path": f"{path[:MAX_TEXT]}{mark}",
    }


def _operation(facts: Facts) -> Members | None:
    message = facts.find(Message)
    if message is None:
        return None
    named, opened = derived(facts, _named)
    match message.operation:
        case ToolCall(arguments=arguments) | PromptUse(arguments=arguments):
            return {**named, "era": message.era, "arguments": rows_of(arguments, opened)}
    return {**named, "era": message.era}


def _named(facts: Facts) -> tuple[Members, frozenset[str]]:
    """Say what is asked for, but for its arguments; and which of these are opened."""
    message, route = facts.of(Message), facts.find(Route)
    operation, target = message.operation, route.target if route else None
    named: Members = {
        "kind": _KINDS[type(operation)],
        "protocol": message.protocol,
        "method": operation.method[:MAX_TEXT],
        **_asked(operation, target),
    }
    match operation:
        case ToolCall(name) if target is not None and name in target.tools:
            return named, target.tools[name].record
        case PromptUse():
            return named, Prompt.record
    return named, frozenset()


def _asked(operation: Operation, target: Target | None) -> Members:
    """Say what of its kind is asked for. A task's id is no name but a handle, and is left out."""
    match operation:
        case ToolCall(name, as_task=as_task):
            return {"tool": name[:MAX_TEXT], **({"task": True} if as_task else {})}
        case PromptUse(name):
            return {"prompt": name[:MAX_TEXT]}
        case ResourceUse(uri):
            return {"resource": uri[:MAX_URI]}
        case TaskUse(writes=writes):
            return {"writes": writes}
        case HttpCall(method, path):
            route = target.routes.find(method, path) if target else None
            return {"route": route_name(route.method, route.path) if route else None}
        case AgentCall(binding=binding):
            return {"binding": binding}
        case Session(method) if method.endswith("/list"):
            # The answer is not filtered yet: the agent sees names that it may not call.
            return {"list": "unfiltered"}
    return {}


def _rights(facts: Facts, judgement: Judgement | None) -> Members:
    """Say what was required, who held it, and what policy came to."""
    required, held = derived(facts, _ceilings)
    legs = held if judgement is None else {**held, "policy": _listed(judgement.granted)}
    return {
        "required": required,
        "legs": legs,
        "judged": {leg.party: leg.reason for leg in judgement.legs} if judgement else {},
        "policies": policies_of(judgement),
        "challenges": list(judgement.challenges) if judgement else [],
    }


def _ceilings(facts: Facts) -> tuple[list[str] | None, dict[str, list[str]]]:
    """Give the scopes that are required, and what of them each party holds."""
    asked, held = facts.find(Asked), facts.find(Held)
    legs = {party: _listed(scopes) for party, scopes in held.by_party.items()} if held else {}
    return _listed(asked.required) if asked else None, legs


def policies_of(judgement: Judgement | None) -> list[Members]:
    """Give the policies that decided, leg by leg; none where it did not come so far."""
    return [
        {
            "leg": leg.party,
            "reason": leg.reason,
            "id": ref.id,
            "at": f"{ref.file}:{ref.line}",
            **({"because": ref.reason} if ref.reason else {}),
        }
        for leg in (judgement.legs if judgement else ())
        for ref in leg.policies
    ]


def _token(outcome: Outcome, minted: Minted | None) -> Members | None:
    """Say which token an allow releases."""
    if not isinstance(outcome, Allowed):
        return None
    claims = outcome.facts.of(Grant).claims
    token_id, expires = claims.token_id, claims.expires
    if minted is not None:
        token_id, expires = minted.inputs.decision, minted.claims.expires
    return {
        "jti": token_id,
        "sub": claims.subject,
        "aud": claims.audience,
        "scope": _listed(claims.scopes),
        "exp": int(expires),
    }


def _listed(scopes: Scopes) -> list[str]:
    return sorted(scopes)
