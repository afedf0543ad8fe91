"""The Cedar schema: a fixed head, and one action for every declared tool and HTTP route.

Policies are validated against it. What a caller says is evaluated with a part of
it, for the one tool: a value that is not of its declared type is refused there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from authz.policy.shapes import Field, Kind, Shape

SESSION_ACTION = "mcp/session"
TOOLS_ACTION = "tools/call"
PROMPTS_ACTION = "prompts/get"
RESOURCES_ACTION = "resources/read"
TASKS_ACTION = "tasks"
PROTOCOL_ACTION = "mcp"
HTTP_ACTION = "http"
ROUTES_ACTION = "http/request"

GROUPS = (TOOLS_ACTION, ROUTES_ACTION, PROTOCOL_ACTION, HTTP_ACTION, "do:read", "do:write")
"""Actions that stand for others: nothing is asked by one of them."""

HEAD = """\
entity Namespace, Role;
entity Group in [Group];
entity User in [Group, Role] = { scopes: Set<String> };
entity Lifecycle enum ["active", "suspended", "quarantined", "retired"];
entity Agent in [Namespace] = { lifecycle: Lifecycle, scopes: Set<String> };
entity MCPServer, HTTPService in [Namespace];
entity Tool in [MCPServer] = {
  readOnly: Bool, destructive: Bool, openWorld: Bool, sensitivity: Long,
  approval: Bool, untypedOk: Bool, scopes: Set<String>,
};
entity MCPResource in [MCPServer] = { uri: String, scopes: Set<String> };
entity Prompt, Tasks in [MCPServer] = { scopes: Set<String> };
entity HTTPRoute in [HTTPService] = { path: String, method: String, scopes: Set<String> };

type Clock = { now: datetime, hour: Long, weekday: Long };
type Auth = { level: Long, acr: String, amr: Set<String>, time: datetime };
type Chain = { depth: Long, actors: Set<Agent> };
entity Session = {
  user?: User, agent?: Agent, chain: Chain, auth: Auth, clock: Clock,
  net: { source?: ipaddr }, consent: { granted: Bool, scopes: Set<String> },
  approval: { granted: Bool }, args: Texts, headers: Texts,
};
entity Texts tags String;

action "mcp", "http", "do:read", "do:write";
action "tools/call" in ["mcp"];
action "http/request" in ["http"];
action "resources/read" in ["mcp", "do:read"] appliesTo {
  principal: [User, Agent], resource: [MCPResource],
  context: { session: Session, method: String },
};
action "prompts/get" in ["mcp", "do:read"] appliesTo {
  principal: [User, Agent], resource: [Prompt],
  context: { session: Session, method: String },
};
action "tasks/read" in ["mcp", "do:read"] appliesTo {
  principal: [User, Agent], resource: [Tasks],
  context: { session: Session, method: String },
};
action "tasks/write" in ["mcp", "do:write"] appliesTo {
  principal: [User, Agent], resource: [Tasks],
  context: { session: Session, method: String },
};
action "mcp/session" in ["mcp"] appliesTo {
  principal: [User, Agent], resource: [MCPServer],
  context: { session: Session, method: String },
};
"""
"""An action without `appliesTo` is a group: only `in` can name it. `Texts` holds arguments by
JSON Pointer, and the headers that the Gate lists by their lower-case names."""

FIXED_ACTIONS = frozenset(re.findall(r'action "([^"]+)" in \[[^]]*\] appliesTo', HEAD))
"""Actions that are no groups, and are there whatever is declared."""

AT_ONCE = 200
"""Actions of one schema where many are tried: with fewer the engine mostly reads `HEAD` again, and
with more it takes longer for each."""

FACTS = frozenset(re.findall(r"(\w+)\??:", HEAD)) | {"input", "unknownArgs", "untypedArgs"}
"""Every attribute that is not an argument of some tool."""

_SCALARS = {
    Kind.STRING: "String",
    Kind.INTEGER: "Long",
    Kind.NUMBER: "decimal",
    Kind.BOOLEAN: "Bool",
}


def tool_action(tool: str) -> str:
    """Give the id of the action of calling *tool* (`namespace/server/tool`)."""
    return f"{TOOLS_ACTION}:{tool}"


def action_groups(action: str) -> tuple[str, ...]:
    """Give all groups that the action of a tool with *action* (`read`, `write`) is in."""
    return (TOOLS_ACTION, PROTOCOL_ACTION, f"do:{action}")


def route_action(route: str) -> str:
    """Give the id of the action of requesting *route* (`namespace/service/METHOD template`)."""
    return f"{ROUTES_ACTION}:{route}"


def route_groups(action: str) -> tuple[str, ...]:
    """Give all groups that the action of a route with *action* (`read`, `write`) is in."""
    return (ROUTES_ACTION, HTTP_ACTION, f"do:{action}")


def schema_text(tools: Iterable[tuple[str, str, Shape]], routes: Iterable[tuple[str, str]]) -> str:
    """
    Write the schema.

    Args:
        tools: Name, action (`read` or `write`) and shape of the arguments of each.
        routes: Name and action of each.
    """
    rows = [_tool_text(*tool) for tool in sorted(tools, key=lambda tool: tool[0])]
    return HEAD + "".join([*rows, *(_route_text(*route) for route in sorted(routes))])


def call_schema_text(name: str, shape: Shape) -> str:
    """
    Write a schema that knows one tool, to evaluate calls of it by.

    The engine holds the context of a call against it and nothing else, so it says of
    entities only that they are. All members but `input` may be left out; whoever
    asks leaves out those that no policy reads.
    """
    return (
        "entity User, Agent, Tool, Session;\n"
        f"action {quoted(tool_action(name))} appliesTo {{\n"
        "  principal: [User, Agent], resource: [Tool],\n"
        "  context: { session?: Session, unknownArgs?: Set<String>, untypedArgs?: Set<String>,\n"
        f"    input: {_record(shape.fields)} }},\n}};\n"
    )


def _route_text(name: str, action: str) -> str:
    groups = f"{quoted(ROUTES_ACTION)}, {quoted(f'do:{action}')}"
    return (
        f"action {quoted(route_action(name))} in [{groups}] appliesTo {{\n"
        "  principal: [User, Agent], resource: [HTTPRoute], context: { session: Session },\n};\n"
    )


def _tool_text(name: str, action: str, shape: Shape) -> str:
    groups = f"{quoted(TOOLS_ACTION)}, {quoted(f'do:{action}')}"
    return (
        f"action {quoted(tool_action(name))} in [{groups}] appliesTo {{\n"
        "  principal: [User, Agent], resource: [Tool],\n"
        "  context: { session: Session, unknownArgs: Set<String>, untypedArgs: Set<String>,\n"
        f"    input: {_record(shape.fields)} }},\n}};\n"
    )


def _record(fields: Mapping[str, Field]) -> str:
    rows = (_member(name, each) for name, each in fields.items() if _has_type(each.shape))
    return f"{{ {', '.join(rows)} }}"


def _has_type(shape: Shape) -> bool:
    return shape.kind is not Kind.OPAQUE


def _member(name: str, field: Field) -> str:
    return f"{quoted(name)}{_optional(field)}: {_type(field.shape)}"


def _optional(field: Field) -> str:
    return "" if field.required and not field.shape.nullable else "?"


def _type(shape: Shape) -> str:
    if shape.kind is Kind.OBJECT:
        return _record(shape.fields)
    if shape.kind is Kind.ARRAY and shape.element is not None:
        return f"Set<{_type(shape.element)}>"
    return _SCALARS[shape.kind]


def argument_types(shape: Shape) -> list[str]:
    """Say of each argument how policies read it: `limit?: Long`, or `untyped`; sorted by name."""
    return [
        f"{name}{_optional(each)}: {_type(each.shape)}"
        if _has_type(each.shape)
        else f"{name}: untyped"
        for name, each in sorted(shape.fields.items())
    ]


def quoted(text: str) -> str:
    """Write *text* as a Cedar string. Names with control characters do not come this far."""
    return json.dumps(text, ensure_ascii=False)
