"""What a decision record says. Ids and timings aside it follows from the decision's inputs.

Never in it: a token, a credential, an argument's value that the tool does not
open by `record`. What a caller wrote is cut to `MAX_TEXT` characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import lru_cache

from authz.audit.record import Record, tail
from authz.claims.check import Minted
from authz.directory.compiled import Target
from authz.directory.offers import Prompt, route_name
from authz.model.call import Call
from authz.model.clearance import Clearance, derived
from authz.model.instant import Instant, as_datetime
from authz.model.masking import MAX_TEXT, shown
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
from authz.model.pointer import extend
from authz.model.principals import Caller, Identity, Proof, Subject, UserAlone
from authz.model.reasons import verdict_of
from authz.model.resource_uri import MAX_URI
from authz.model.scopes import Scopes
from authz.model.strict_json import JSON
from authz.model.trace import trace_id_of
from authz.policy.question import Judgement
from authz.steps.given import Asked, Credential, Grant, Held, Route, hops_of
from authz.steps.policy import Settled

MAX_DETAIL = 1024
MAX_PRINCIPAL = 2048
"""Characters: as long as a SPIFFE ID may be."""

MAX_ARGUMENTS = 64

Members = Mapping[str, object]
Container = dict[str, JSON] | list[JSON]

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
        "amr": _listed(login.amr)[:MAX_ARGUMENTS],
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
    message, route = facts.find(Message), facts.find(Route)
    if message is None:
        return None
    operation = message.operation
    told: dict[str, object] = {
        "kind": _KINDS[type(operation)],
        "protocol": message.protocol,
        "era": message.era,
        "method": operation.method[:MAX_TEXT],
    }
    return told | _asked(operation, route.target if route else None)


def _asked(operation: Operation, target: Target | None) -> dict[str, object]:
    """Say what of its kind is asked for. A task's id is no name but a handle, and is left out."""
    match operation:
        case ToolCall(name, arguments, as_task=as_task):
            tool = target.tools.get(name) if target else None
            rows = arguments_of(dict(arguments), tool.record if tool else frozenset())
            task = {"task": True} if as_task else {}
            return {"tool": name[:MAX_TEXT], "arguments": rows, **task}
        case PromptUse(name, arguments):
            rows = arguments_of(dict(arguments), Prompt.record)
            return {"prompt": name[:MAX_TEXT], "arguments": rows}
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


def arguments_of(arguments: dict[str, JSON], opened: frozenset[str]) -> dict[str, object]:
    """Give names and types of the first arguments: bounded, whoever sent how much."""
    leaves: list[tuple[str, JSON]] = []
    _gather(leaves, arguments, "")
    rows: dict[str, object] = {
        pointer: shown(pointer, leaf, opened) for pointer, leaf in leaves[:MAX_ARGUMENTS]
    }
    # Two pointers that are cut to the same text count as one, so there are more as well.
    if len(rows) < len(leaves):
        rows["…"] = "more"
    return rows


def _gather(leaves: list[tuple[str, JSON]], value: Container, pointer: str) -> None:
    """
    Add what lies in *value*, one more than are told at most.

    Pointers are cut to `MAX_TEXT` characters on the way down. An array stands before
    its items, for `/0` may be a member of an object as well.
    """
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if len(leaves) > MAX_ARGUMENTS:
            return
        at = extend(pointer, name)[:MAX_TEXT]
        if isinstance(inner, dict) and inner:
            _gather(leaves, inner, at)
            continue
        leaves.append((at, inner))
        if isinstance(inner, list):
            _gather(leaves, inner, at)


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
