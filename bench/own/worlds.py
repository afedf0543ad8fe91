"""Worlds of any size, written as real folders: YAML, JSON Schemas, Cedar, keys.

A world is a small fixed heart, which every scenario speaks of, and a crowd around
it that is declared and never asked for. So what grows with the crowd is the cost
of what is declared, and of nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.keys import jwks, private_pem

ISSUER = "https://idp.example.com"
GATE = "https://gate.example.org"
TRUST_DOMAIN = "spiffe://example.org"
ISSUER_KEY, GATE_KEY = "corp-1", "gate-1"

TOOLS_A_SERVER = 10
AGENTS_A_FILE = 500

HEART_TOOLS = 6
HEART_AGENTS = 3
HEART_POLICIES = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much a world declares, its heart included."""

    policies: int = 50
    agents: int = 50
    tools: int = 200
    roles: int = 12
    members: int = 0
    """Users whom the role of the heart names one by one."""


SMALLEST = Size(policies=HEART_POLICIES, agents=HEART_AGENTS, tools=HEART_TOOLS, roles=1)
"""The heart alone: as near to an empty world as one that can be asked for something."""

LARGE = Size(policies=1_000, agents=10_000, tools=1_000)
"""The world that design targets for start, memory and reload speak of."""


def write_world(home: Path, size: Size) -> Path:
    """Write a world of *size* into *home*, with the keys of its issuer and of the gate."""
    directory, policies = home / "directory", home / "policies"
    _write(directory / "global/gate.yaml", _GATE)
    _write(directory / "global/issuers.yaml", _issuer(size.roles))
    _write(directory / "global/cells.yaml", _CELLS)
    _write(directory / "ns/tools/roles.yaml", "".join(_roles(size)))
    _write(directory / "ns/tools/heart.yaml", _HEART_SERVERS)
    _write(directory / "ns/tools/heart.json", json.dumps(_HEART_INPUTS))
    _write(directory / "ns/fleet/heart.yaml", _HEART_AGENTS)
    for name, documents in _crowd_of_agents(size.agents - HEART_AGENTS):
        _write(directory / f"ns/fleet/{name}.yaml", documents)
    tools = [*_crowd_of_tools(size.tools - HEART_TOOLS)]
    for server in sorted({server for server, _ in tools}):
        own = [tool for at, tool in tools if at == server]
        _write(directory / f"ns/tools/{server}.yaml", _server(server, own))
        _write(directory / f"ns/tools/{server}.json", json.dumps(dict.fromkeys(own, _CROWD_INPUT)))
    _write(policies / "global/guardrails.cedar", _GUARDRAILS)
    _write(policies / "ns/tools/heart.cedar", _HEART_RULES)
    rules = [*_crowd_of_rules(size.policies - HEART_POLICIES, tools, size.roles)]
    for server in sorted({server for server, _ in rules}):
        own_rules = (rule for at, rule in rules if at == server)
        _write(policies / f"ns/tools/{server}.cedar", "\n".join(own_rules))
    _write_keys(home)
    return home


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_keys(home: Path) -> None:
    own = home / "keys/gate"
    own.mkdir(parents=True, mode=0o700)
    (home / "keys/corp.jwks.json").write_bytes(jwks(ISSUER_KEY))
    pem = own / f"{GATE_KEY}.pem"
    pem.touch(mode=0o600)
    pem.write_bytes(private_pem(GATE_KEY))


def _document(kind: str, name: str, spec: str, namespace: str | None = None) -> str:
    within = f", namespace: {namespace}" if namespace else ""
    return (
        f"---\napiVersion: narrowgate.dev/v1alpha1\nkind: {kind}\n"
        f"metadata: {{name: {name}{within}}}\nspec:\n{spec}\n"
    )


def _issuer(roles: int) -> str:
    groups = ", ".join(f"group-{number}" for number in range(roles))
    return _document(
        "Issuer",
        "corp",
        f"""\
  issuer: {ISSUER}
  audiences: [{GATE}]
  algorithms: [ES256]
  keys: {{file: keys/corp.jwks.json}}
  claims: {{groups: /groups, acr: /acr, amr: /amr, authTime: /auth_time}}
  acrLevels: {{"urn:example:mfa": 2}}
  mayAssert: {{groups: [{groups}], scopes: ["docs:*", "crowd:*"]}}
  userScopes: token-within-roles""",
    )


def _roles(size: Size) -> Iterator[str]:
    for number in range(size.roles):
        members = [f"{{group: corp/group-{number}}}"]
        if number == 0:
            members += [f"{{user: corp/user-{each}}}" for each in range(size.members)]
        listed = ",\n    ".join(members)
        spec = f'  members: [{listed}]\n  scopes: ["docs:read", "docs:write", "crowd:use"]'
        yield _document("Role", f"role-{number}", spec, "tools")


def _crowd_of_agents(count: int) -> Iterator[tuple[str, str]]:
    for start in range(0, count, AGENTS_A_FILE):
        numbers = range(start, min(count, start + AGENTS_A_FILE))
        yield f"agents-{start:06}", "".join(map(_crowd_agent, numbers))


def crowd_agent(number: int) -> str:
    """Give the name of an agent of the crowd; they count from 0."""
    return f"agent-{number:06}"


def _crowd_agent(number: int) -> str:
    return _agent(crowd_agent(number), "[{to: tools/docs, tools: [search]}, {to: tools/plain}]")


def _agent(name: str, connections: str, more: str = "") -> str:
    return _document(
        "Agent",
        name,
        f"""\
  owner: alice@example.com
  lifecycle: active
  identities: [{{spiffe: {TRUST_DOMAIN}/ns/fleet/sa/{name}}}]
  scopes: ["docs:read", "docs:write", "crowd:use"]
  connections: {connections}{more}""",
        "fleet",
    )


def _crowd_of_tools(count: int) -> Iterator[tuple[str, str]]:
    for number in range(count):
        yield f"server-{number // TOOLS_A_SERVER:05}", f"tool-{number % TOOLS_A_SERVER}"


def _server(name: str, tools: Iterable[str]) -> str:
    facts = 'action: read, scopes: ["crowd:use"], readOnly: true, openWorld: false, sensitivity: 1'
    rows = (f"    {tool}: {{{facts}, input: {{$file: {name}.json#/{tool}}}}}" for tool in tools)
    return _document("MCPServer", name, "\n".join([_target(name, "mint"), *rows]), "tools")


def _target(name: str, mode: str) -> str:
    subjects = ", subjects: corp" if mode == "mint" else ""
    return f"""\
  hosts: [{name}.tools.svc.cluster.local]
  path: /mcp
  audience: https://{name}.tools.example/mcp
  callers: ["fleet/*"]
  token: {{mode: {mode}{subjects}}}
  sessionScopes: []
  tools:"""


def _crowd_of_rules(
    count: int, tools: list[tuple[str, str]], roles: int
) -> Iterator[tuple[str, str]]:
    """Give permits for tools of the crowd alone; every fourth reads an argument."""
    for number in range(count):
        server, tool = tools[number % len(tools)]
        when = ' when { context.input.query != "nothing" }' if number % 4 == 0 else ""
        rule = (
            f'@id("crowd-{number:05}") @scope("crowd:use")\n'
            f'permit (principal in Role::"tools/role-{number % roles}", '
            f'action == Action::"tools/call:tools/{server}/{tool}", resource){when};'
        )
        yield server, rule


_GATE = _document(
    "Gate",
    "default",
    f"""\
  trustDomains: [example.org]
  timeZone: UTC
  issuer: {{url: {GATE}, keys: {{folder: keys/gate}}, tokenLifetime: 60s}}
  listeners: [{{name: out, address: "unix:run/out.sock", direction: out, identity: principal}}]
  records: {{file: records/decisions.jsonl, level: written, whenFull: deny}}""",
)

_SCOPES = 'maxScopes: ["docs:read", "docs:write", "crowd:use"]'
_CELLS = _document(
    "Cell",
    "fleet",
    f"  owner: alice@example.com\n  {_SCOPES}\n  identities: [{TRUST_DOMAIN}/ns/fleet/]",
) + _document(
    "Cell",
    "tools",
    f"  owner: tess@example.com\n  {_SCOPES}\n  identities: [{TRUST_DOMAIN}/ns/tools/]",
)

_HEART_INPUTS = {
    "search": {
        "type": "object",
        "required": ["query"],
        "properties": {
            "query": {"type": "string"},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        },
    },
    "transfer": {
        "type": "object",
        "required": ["order", "amount", "currency"],
        "properties": {
            "order": {"type": "string"},
            "amount": {"type": "number"},
            "currency": {"enum": ["EUR", "USD"]},
        },
    },
    "erase": {"type": "object", "properties": {"page": {"type": "string"}}, "required": ["page"]},
}
_CROWD_INPUT = _HEART_INPUTS["search"]

_READ = 'action: read, scopes: ["docs:read"], readOnly: true, openWorld: false, sensitivity: 1'
_WRITE = 'action: write, scopes: ["docs:write"], openWorld: false, sensitivity: 2'
_HEART_TOOLS = f"""
    search: {{{_READ}, input: {{$file: heart.json#/search}}}}
    transfer: {{{_WRITE}, destructive: false, input: {{$file: heart.json#/transfer}}}}
    erase: {{{_WRITE}, input: {{$file: heart.json#/erase}}}}"""
_HEART_SERVERS = _document(
    "MCPServer", "docs", _target("docs", "mint") + _HEART_TOOLS, "tools"
) + _document("MCPServer", "plain", _target("plain", "none") + _HEART_TOOLS, "tools")

_HEART_AGENTS = (
    _agent(
        "caller",
        """
    - {to: tools/docs, tools: ["*"]}
    - {to: tools/plain, tools: ["*"]}
    - {to: fleet/reporter}""",
    )
    + _agent("desk", '[{to: tools/docs, tools: ["*"]}]', "\n  refusals: oauth")
    + _agent(
        "reporter",
        "[{to: tools/docs, tools: [search]}]",
        """
  audience: https://reporter.fleet.example
  hosts: [reporter.fleet.svc.cluster.local]
  path: /
  callers: ["fleet/*"]
  token: {mode: mint, subjects: corp}""",
    )
)

_GUARDRAILS = """\
@id("session") permit (principal, action == Action::"mcp/session", resource);
@id("agent-must-be-active")
forbid (principal is Agent, action, resource) unless { principal.lifecycle == Lifecycle::"active" };
@id("no-undeclared-arguments")
forbid (principal, action in Action::"tools/call", resource)
unless { context.unknownArgs.isEmpty() };
@id("no-untyped-arguments")
forbid (principal, action in Action::"tools/call", resource)
unless { resource.untypedOk || context.untypedArgs.isEmpty() };
@id("mfa-for-destructive") @step_up("mfa") @reason("Log in again with a second factor.")
forbid (principal is User, action in Action::"tools/call", resource) when { resource.destructive }
unless { context.session.auth.level >= 2 &&
  context.session.clock.now.durationSince(context.session.auth.time) < duration("15m") };
@id("agents")
permit (principal is Agent in Namespace::"fleet", action in Action::"tools/call", resource)
when { principal.scopes.containsAll(resource.scopes) };
"""

_HEART_RULES = """\
@id("search") @scope("docs:read")
permit (principal in Role::"tools/role-0", action in [Action::"tools/call:tools/docs/search",
  Action::"tools/call:tools/plain/search"], resource);
@id("transfer") @scope("docs:write")
permit (principal in Role::"tools/role-0", action in [Action::"tools/call:tools/docs/transfer",
  Action::"tools/call:tools/plain/transfer"], resource)
when { context.input.currency == "EUR" && context.input.amount.lessThanOrEqual(decimal("500.0")) };
@id("no-secret-orders") @reason("Orders must not name secrets.")
forbid (principal, action in [Action::"tools/call:tools/docs/transfer",
  Action::"tools/call:tools/plain/transfer"], resource)
when { context.input.order like "*SECRET*" };
@id("erase") @scope("docs:write")
permit (principal in Role::"tools/role-0", action in [Action::"tools/call:tools/docs/erase",
  Action::"tools/call:tools/plain/erase"], resource);
"""
