"""The scenario as a world of ours: documents and policies in a folder that `authz serve` serves.

    python -m bench.world FOLDER [--kind equal|mint|guarded] [--port N]

`equal` does what the peers do, no more: it verifies, decides, records, and sets
and removes headers. `mint` mints a token as well, which no peer does. `guarded`
has the guardrails of the demo as well, which read arguments, and a forbid on
what some tools are asked for.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from bench.scenario import (
    AUDIENCE,
    HOST,
    ISSUER,
    KEY,
    NAMESPACE,
    PATH,
    TARGET,
    Scenario,
    scenario,
)
from tests.support.keys import jwks

Kind = Literal["equal", "mint", "guarded"]
Document = Mapping[str, Any]

GUARDRAILS = Path(__file__).parent.parent / "examples/demo/world/policies/global/guardrails.cedar"
INPUT = {
    "type": "object",
    "required": ["query"],
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
}
KEY_FILE = "keys/bench.jwks.json"
WATCHED_TOOLS = 20
"""Tools whose arguments a policy of `guarded` reads."""


@dataclass(frozen=True)
class Place:
    """Where a world serves, and where it finds the issuer's keys."""

    port: int = 9192
    """Of its one listener, on loopback."""

    jwks_url: str | None = None
    """Without one, the keys are a file in the world."""


def write_world(home: Path, kind: Kind = "equal", place: Place | None = None) -> Path:
    """Write the world of *kind* into *home*, which need not be there, and give *home*."""
    place = place or Place()
    drawn = scenario()
    _write_documents(home / "directory/global/gate.yaml", [_gate(place)])
    _write_documents(home / "directory/global/issuers.yaml", [_issuer(drawn, place)])
    _write_documents(home / "directory/global/cells.yaml", _cells(drawn))
    _write_documents(home / "directory/global/roles.yaml", _roles(drawn))
    _write_documents(home / "directory/ns/agents/agents.yaml", _agents(drawn))
    _write_documents(home / "directory/ns/tools/bench.yaml", [_server(drawn, kind)])
    _write(home / KEY_FILE, jwks(KEY).decode())
    _write(home / "policies/global/grants.cedar", "\n".join(_grants(drawn)))
    if kind == "guarded":
        _write(home / "policies/global/guardrails.cedar", GUARDRAILS.read_text())
        _write(home / "policies/ns/tools/watched.cedar", _watched(drawn))
    return home


def _gate(place: Place) -> Document:
    listener = {
        "name": "bench",
        "address": f"127.0.0.1:{place.port}",
        "direction": "out",
        "identity": "client",
        "client": {"issuer": "bench"},
        "callers": {"mesh": "a benchmark on loopback"},
    }
    gate = {
        "trustDomains": ["bench.example"],
        "timeZone": "UTC",
        "issuer": {"url": AUDIENCE, "keys": {"folder": "keys/gate"}},
        "listeners": [listener],
        "records": {"file": "records/decisions.jsonl", "level": "written", "whenFull": "deny"},
    }
    return _document("Gate", "bench", gate)


def _issuer(drawn: Scenario, place: Place) -> Document:
    keys = {"jwksUrl": place.jwks_url} if place.jwks_url else {"file": KEY_FILE}
    issuer = {
        "issuer": ISSUER,
        "audiences": [AUDIENCE],
        "algorithms": ["ES256"],
        "keys": keys,
        "claims": {"groups": "/roles"},
        "mayAssert": {"groups": list(drawn.grants), "scopes": ["bench:*"]},
        # The peers decide by role alone, so no scope of the token may be what decides here.
        "userScopes": "roles",
    }
    if place.jwks_url:
        issuer["privateNetworks"] = ["127.0.0.0/8"]
    return _document("Issuer", "bench", issuer)


def _cells(drawn: Scenario) -> Iterable[Document]:
    clients = {"issuer": "bench", "clients": list(drawn.agents)}
    yield _document(
        "Cell",
        NAMESPACE,
        {"owner": "ada@bench.example", "maxScopes": _scopes(drawn), "identities": [clients]},
    )
    yield _document("Cell", "tools", {"owner": "tess@bench.example"})


def _roles(drawn: Scenario) -> Iterable[Document]:
    for role, tools in drawn.grants.items():
        scopes = sorted({drawn.scope_of(tool) for tool in tools})
        yield _document("Role", role, {"members": [{"group": f"bench/{role}"}], "scopes": scopes})


def _agents(drawn: Scenario) -> Iterable[Document]:
    for agent in drawn.agents:
        spec = {
            "owner": "ada@bench.example",
            "lifecycle": "active",
            "identities": [{"client": {"issuer": "bench", "id": agent}}],
            "scopes": _scopes(drawn),
            "connections": [{"to": TARGET, "tools": ["*"]}],
        }
        yield _document("Agent", agent, spec, NAMESPACE)


def _server(drawn: Scenario, kind: Kind) -> Document:
    facts = {"action": "read", "readOnly": True, "openWorld": False, "sensitivity": 1}
    tools = {
        tool: {**facts, "scopes": [drawn.scope_of(tool)], "input": INPUT} for tool in drawn.tools
    }
    spec = {
        "hosts": [HOST],
        "path": PATH,
        "audience": "https://bench.tools.example/mcp",
        "callers": [f"{NAMESPACE}/*"],
        "token": {"mode": "mint", "subjects": "bench"} if kind == "mint" else {"mode": "none"},
        "tools": tools,
    }
    return _document("MCPServer", "bench", spec, "tools")


def _grants(drawn: Scenario) -> Iterable[str]:
    """Give a permit for each role, and one for all agents."""
    for role, tools in drawn.grants.items():
        yield (
            f'@id("{role}")\npermit (principal in Group::"bench/{role}", '
            f"action in [{_actions(tools)}], resource);"
        )
    yield (
        f'@id("agents")\npermit (principal is Agent in Namespace::"{NAMESPACE}", '
        f'action in Action::"tools/call", resource in MCPServer::"{TARGET}");\n'
    )


def _watched(drawn: Scenario) -> str:
    return (
        f'@id("no-secrets")\nforbid (principal, action in [{_actions(drawn.tools[:WATCHED_TOOLS])}]'
        ', resource)\nwhen { context.input.query like "*secret*" || '
        "(context.input has limit && context.input.limit > 1000) };\n"
    )


def _actions(tools: Iterable[str]) -> str:
    return ", ".join(f'Action::"tools/call:{TARGET}/{tool}"' for tool in tools)


def _scopes(drawn: Scenario) -> list[str]:
    return sorted({drawn.scope_of(tool) for tool in drawn.tools})


def _document(kind: str, name: str, spec: Document, namespace: str | None = None) -> Document:
    metadata = {"name": name} if namespace is None else {"name": name, "namespace": namespace}
    return {
        "apiVersion": "narrowgate.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec,
    }  # fmt: skip


def _write_documents(path: Path, documents: Iterable[Document]) -> None:
    # JSON is YAML, and does not write one object twice as anchor and alias.
    _write(path, "---\n".join(f"{json.dumps(document)}\n" for document in documents))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main() -> None:
    """Write the world that the command line names."""
    parser = argparse.ArgumentParser(description="Write the benchmark's world into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=get_args(Kind), default="equal")
    parser.add_argument("--port", type=int, default=Place.port)
    given = parser.parse_args()
    print(write_world(given.folder, given.kind, Place(given.port)))


if __name__ == "__main__":
    main()
