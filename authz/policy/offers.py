"""What is asked for, as the engine knows it: an offer is a resource, and has an action."""

from __future__ import annotations

from typing import assert_never

from authz.directory.offers import HTTPRoute, MCPResource, Offer, Prompt, Tasks, Tool
from authz.policy.arguments import Arguments
from authz.policy.entities import Json, entity, reference
from authz.policy.question import Question
from authz.policy.schema import (
    PROMPTS_ACTION,
    PROTOCOL_ACTION,
    RESOURCES_ACTION,
    SESSION_ACTION,
    TASKS_ACTION,
    action_groups,
    route_action,
    route_groups,
    tool_action,
)


def action_of(question: Question) -> str:
    """Give the id of the question's action."""
    return SESSION_ACTION if question.offer is None else offer_action(question.offer)


def groups_of(question: Question) -> tuple[str, ...]:
    """Give the ids of all groups that the question's action is in."""
    return (PROTOCOL_ACTION,) if question.offer is None else offer_groups(question.offer)


def offer_action(offer: Offer) -> str:
    """Give the id of the action of asking for *offer*."""
    match offer:
        case Tool(name=name):
            return tool_action(name)
        case Prompt():
            return PROMPTS_ACTION
        case MCPResource():
            return RESOURCES_ACTION
        case Tasks(action=action):
            return f"{TASKS_ACTION}/{action}"
        case HTTPRoute(name=name):
            return route_action(name)
        case other:
            assert_never(other)


def offer_groups(offer: Offer) -> tuple[str, ...]:
    """Give the ids of all groups that the action of *offer* is in."""
    match offer:
        case Tool(action=action):
            return action_groups(action)
        case Prompt(action=action) | MCPResource(action=action) | Tasks(action=action):
            return (PROTOCOL_ACTION, f"do:{action}")
        case HTTPRoute(action=action):
            return route_groups(action)
        case other:
            assert_never(other)


def action_row(question: Question) -> Json:
    """Give the action with all its groups: entities read without a schema have no hierarchy."""
    parents = [("Action", name) for name in groups_of(question)]
    return entity("Action", action_of(question), parents=parents)


def resource_of(question: Question) -> Json:
    """Give the reference of the question's resource."""
    if question.offer is None:
        return reference("MCPServer", question.target.name)
    return reference(*entity_of(question.offer))


def resource_rows(question: Question) -> list[Json]:
    """Give the resource and its target as entities; each is in what the next larger one is."""
    target = question.target
    namespace = ("Namespace", target.namespace)
    whole = entity(target.kind, target.name, parents=[namespace])
    if question.offer is None:
        return [whole]
    parents = [(str(target.kind), target.name), namespace]
    return [whole, entity(*entity_of(question.offer), _facts_of(question.offer, question), parents)]


def context_members(offer: Offer | None, method: str, arguments: Arguments) -> Json:
    """Give what the context says beside the session."""
    match offer:
        case HTTPRoute():
            return {}
        case Tool():
            return {
                "input": arguments.typed,
                "unknownArgs": arguments.unknown,
                "untypedArgs": arguments.untyped,
            }
    return {"method": method}


def entity_of(offer: Offer) -> tuple[str, str]:
    """Give the type and id of the entity that *offer* is."""
    match offer:
        case Tool(name=name):
            return "Tool", name
        case Prompt(name=name):
            return "Prompt", name
        case MCPResource(name=name):
            return "MCPResource", name
        case Tasks(name=name):
            return "Tasks", name
        case HTTPRoute(name=name):
            return "HTTPRoute", name
        case other:
            assert_never(other)


def _facts_of(offer: Offer, question: Question) -> Json:
    match offer:
        case Tool():
            return {
                "readOnly": offer.read_only,
                "destructive": offer.destructive,
                "openWorld": offer.open_world,
                "sensitivity": offer.sensitivity,
                "approval": offer.approval,
                "untypedOk": offer.untyped_ok,
                "scopes": sorted(offer.scopes),
            }
        case MCPResource():
            return {"uri": question.uri, "scopes": sorted(offer.scopes)}
        case Prompt() | Tasks():
            return {"scopes": sorted(offer.scopes)}
        case HTTPRoute(method=method, path=path):
            return {"path": path, "method": method, "scopes": sorted(offer.scopes)}
        case other:
            assert_never(other)
