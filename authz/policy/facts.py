"""The facts of one request as the engine reads them: entities and contexts.

Every value that somebody else wrote is converted to its declared type before:
`__entity` and `__extn` members are made in `entities`, `session` and `arguments`
and nowhere else, so no caller can forge a reference, an address or a date.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from authz.directory.compiled import Agent
from authz.policy.arguments import Arguments, texts_of
from authz.policy.compiled import Policies
from authz.policy.entities import Json, entity, link, reference
from authz.policy.offers import action_of, action_row, context_members, resource_of, resource_rows
from authz.policy.question import USER, Question
from authz.policy.session import ARGUMENTS, HEADERS, REQUEST, SESSION, Evidence, session_of


def principals_of(question: Question) -> list[tuple[str, Json]]:
    """Give the legs: the user, where there is one, and every agent of the chain."""
    user = [(USER, reference("User", str(question.user.user)))] if question.user else []
    return [*user, *((hop.agent, reference("Agent", hop.agent)) for hop in question.hops)]


def requests_of(question: Question, arguments: Arguments) -> list[Json]:
    """Give what is asked of the engine: one request a leg, in the order of `principals_of`."""
    action = reference("Action", action_of(question))
    resource, context = resource_of(question), context_of(question, arguments)
    return [
        {"principal": principal, "action": action, "resource": resource, "context": context}
        for _, principal in principals_of(question)
    ]


def context_of(question: Question, arguments: Arguments) -> str:
    """Write the context of every leg as JSON text."""
    members = context_members(question.offer, question.method, arguments)
    return json.dumps({"session": link(*REQUEST), **members})


def entities_of(question: Question, policies: Policies, evidence: Evidence) -> str:
    """Write every entity that a policy can reach from this question, as JSON text."""
    session = [fact.of(question, evidence, policies.zone) for fact in SESSION]
    rows = [
        action_row(question),
        *resource_rows(question),
        *(_agent(policies.agents[hop.agent]) for hop in question.hops),
        *_user(question),
        session_of(SESSION, session),
        argument_texts(question),
        header_texts(question, policies.headers),
    ]
    return json.dumps(rows)


def argument_texts(question: Question) -> Json:
    """Give all arguments as texts."""
    return entity(*ARGUMENTS, tags=texts_of(question.arguments or {}))


def header_texts(question: Question, names: Iterable[str]) -> Json:
    """Give the headers *names*, where they are there."""
    return entity(*HEADERS, tags=_visible(question.headers, names))


def _visible(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


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
