"""The facts of one request as the engine reads them: entities and contexts.

Every value that somebody else wrote is converted to its declared type before:
`__entity` and `__extn` members are made here and nowhere else, so no caller
can forge a reference, an address or a date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address

from authz.directory.compiled import Agent
from authz.model.instant import Instant, as_datetime
from authz.model.scopes import NO_SCOPES, Scopes
from authz.policy.arguments import Arguments, texts_of
from authz.policy.compiled import Policies
from authz.policy.entities import Json, entity, link, reference
from authz.policy.offers import action_of, context_members, groups_of, resource_rows
from authz.policy.question import USER, Question

SESSION = ("Session", "request")
ARGUMENTS = ("Texts", "args")
HEADERS = ("Texts", "headers")

SEVERAL_FACTORS = 2


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


def principals_of(question: Question) -> list[tuple[str, Json]]:
    """Give the legs: the user, where there is one, and every agent of the chain."""
    user = [(USER, reference("User", str(question.user.user)))] if question.user else []
    return [*user, *((hop.agent, reference("Agent", hop.agent)) for hop in question.hops)]


def context_of(question: Question, arguments: Arguments) -> str:
    """Write the context of every leg as JSON text."""
    return json.dumps({"session": link(*SESSION), **context_members(question, arguments)})


def entities_of(question: Question, policies: Policies, evidence: Evidence) -> str:
    """Write every entity that a policy can reach from this question, as JSON text."""
    rows = [
        _action(question),
        *resource_rows(question),
        *(_agent(policies.agents[hop.agent]) for hop in question.hops),
        *_user(question),
        _session(question, policies, evidence),
        entity(*ARGUMENTS, tags=texts_of(question.arguments or {})),
        entity(*HEADERS, tags=_visible(question.headers, policies.headers)),
    ]
    return json.dumps(rows)


def _visible(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _action(question: Question) -> Json:
    """Give the action with all its groups: entities read without a schema have no hierarchy."""
    parents = [("Action", name) for name in groups_of(question)]
    return entity("Action", action_of(question), parents=parents)


def _agent(agent: Agent) -> Json:
    facts = {"lifecycle": link("Lifecycle", agent.lifecycle), "scopes": sorted(agent.scopes)}
    return entity("Agent", agent.name, facts, [("Namespace", agent.namespace)])


def _user(question: Question) -> list[Json]:
    if question.user is None:
        return []
    user = question.user
    groups = [("Group", name) for name in sorted(user.groups)]
    roles = [("Role", name) for name in sorted(user.roles)]
    facts = {"scopes": sorted(question.user_scopes)}
    return [entity("User", str(user.user), facts, [*groups, *roles])]


def _session(question: Question, policies: Policies, evidence: Evidence) -> Json:
    local = as_datetime(question.now).astimezone(policies.zone)
    facts: Json = {
        "chain": {
            "depth": len(question.hops),
            "actors": [link("Agent", hop.agent) for hop in question.hops],
        },
        "auth": _authentication(question, evidence),
        "clock": {
            "now": _datetime(question.now),
            "hour": local.hour,
            "weekday": local.isoweekday(),
        },
        "net": _network(question.peer_address),
        "consent": {
            "granted": evidence.consent is not None,
            "scopes": sorted(evidence.consent or NO_SCOPES),
        },
        "approval": {"granted": evidence.approved},
        "args": link(*ARGUMENTS),
        "headers": link(*HEADERS),
    }
    if question.hops:
        facts["agent"] = link("Agent", question.hops[0].agent)
    if question.user is not None:
        facts["user"] = link("User", str(question.user.user))
    return entity(*SESSION, facts)


def _authentication(question: Question, evidence: Evidence) -> Json:
    known = question.user.authentication if question.user else None
    level, time = (known.level, known.time) if known else (0, Instant(0))
    if evidence.fresh_login:
        level, time = max(level, SEVERAL_FACTORS), question.now
    return {
        "level": level,
        "acr": known.acr if known else "",
        "amr": sorted(known.amr) if known else [],
        "time": _datetime(time),
    }


def _network(peer_address: str) -> Json:
    try:
        address = ip_address(peer_address)
    except ValueError:
        return {}
    if isinstance(address, IPv6Address):
        # A rule on 10.0.0.0/8 means ::ffff:10.0.0.1 as well.
        address = address.ipv4_mapped or IPv6Address(int(address))
    return {"source": {"__extn": {"fn": "ip", "arg": str(address)}}}


def _datetime(moment: Instant) -> Json:
    text = as_datetime(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"__extn": {"fn": "datetime", "arg": text}}
