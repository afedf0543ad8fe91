"""Everything: the operations that can be asked of a target, one sample or more of each kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from authz.directory.compiled import Target, TargetKind
from authz.directory.routes import PublicRoute
from authz.model.operation import (
    AgentCall,
    HttpCall,
    PromptUse,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Forwarded, Replied
from authz.protocols.mcp_methods import LISTEN_FLAGS, METHODS, SESSION_VERBS, Rule
from authz.refusals.metadata import metadata_paths

ARGUMENTS: Mapping[str, list[Mapping[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "arguments.yaml").read_text()
)

_VARIABLE = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Sample:
    """One request: as it is called in the matrix, and as HTTP has it."""

    label: str
    method: str
    body: bytes = b""
    path: str | None = None
    """None is the target's own."""


def operations(target: Target) -> Iterator[tuple[type, Sample]]:
    """Give every operation that can be asked of *target*, with the kind that it must be read as."""
    for kind, samples in BY_KIND.items():
        yield from ((kind, sample) for sample in samples(target))


def _tool_calls(target: Target) -> Iterator[Sample]:
    if target.kind is not TargetKind.MCP_SERVER:
        return
    for name, tool in target.tools.items():
        assert tool.name in ARGUMENTS, f"say in arguments.yaml what {tool.name} is called with"
        for row in ARGUMENTS[tool.name]:
            label = f"{name} ({row['label']})" if "label" in row else name
            yield _message(label, "tools/call", {"name": name, "arguments": row["arguments"]})
    for name in [*target.tools][:1] if target.tasks else ():
        params = {"name": name, "arguments": ARGUMENTS[target.tools[name].name][0]["arguments"]}
        yield _message(f"{name} as a task", "tools/call", {**params, "task": {}})
    yield _message("an unknown tool", "tools/call", {"name": "no_such_tool", "arguments": {}})


def _prompts(target: Target) -> Iterator[Sample]:
    for name in target.prompts:
        yield _message(f"prompt {name}", "prompts/get", {"name": name})
    for name in [*target.prompts][:1]:
        params = {"name": name, "arguments": {"topic": "salaries"}}
        yield _message(f"prompt {name} (of salaries)", "prompts/get", params)
        ref = {"type": "ref/prompt", "name": name}
        completing = {"ref": ref, "argument": {"name": "topic", "value": "ti"}}
        yield _message(f"completing prompt {name}", "completion/complete", completing)
    if target.prompts:
        yield _message("an unknown prompt", "prompts/get", {"name": "no_such_prompt"})


def _resources(target: Target) -> Iterator[Sample]:
    for name, resource in target.resources.items():
        params = {"uri": _VARIABLE.sub("tides", resource.uri.text)}
        yield _message(f"resource {name}", "resources/read", params)
    for name, resource in [row for row in target.resources.items() if row[1].uri.variables][:1]:
        uri = _VARIABLE.sub("draft-1", resource.uri.text)
        yield _message(f"resource {name} (a draft)", "resources/read", {"uri": uri})
        uri = _VARIABLE.sub("tides", resource.uri.text)
        for method in ("resources/subscribe", "resources/unsubscribe"):
            yield _message(f"{method} {name}", method, {"uri": uri})
        wants = {"notifications": {"resourceSubscriptions": [uri]}}
        yield _message(f"listening to {name}", "subscriptions/listen", wants)
        ref = {"type": "ref/resource", "uri": resource.uri.text}
        completing = {"ref": ref, "argument": {"name": "page", "value": "ti"}}
        yield _message(f"completing resource {name}", "completion/complete", completing)
    if target.resources:
        yield _message("an unknown resource", "resources/read", {"uri": "docs://no/such/thing"})


def _tasks(target: Target) -> Iterator[Sample]:
    for method in ("tasks/get", "tasks/list", "tasks/cancel") if target.tasks else ():
        yield _message(method, method, {} if method == "tasks/list" else {"taskId": "t-1"})


def _sessions(target: Target) -> Iterator[Sample]:
    if target.kind is not TargetKind.MCP_SERVER:
        return
    for method, row in METHODS.items():
        if row.rule is Rule.SESSION:
            yield _message(method, method, {})
    wants = {"notifications": dict.fromkeys(sorted(LISTEN_FLAGS), True)}
    yield _message("subscriptions/listen", "subscriptions/listen", wants)
    for verb in sorted(SESSION_VERBS):
        yield Sample(verb, verb)


def _unknowns(target: Target) -> Iterator[Sample]:
    if target.kind is TargetKind.MCP_SERVER:
        yield _message("an unknown method", "tools/destroy", {})
        yield Sample("plain HTTP", "PUT", b"{}")


def _agent_calls(target: Target) -> Iterator[Sample]:
    if target.kind is TargetKind.AGENT:
        yield _message("a message", "message/send", {})
        yield Sample("plain HTTP", "GET")


def _http_calls(target: Target) -> Iterator[Sample]:
    if target.kind is not TargetKind.HTTP_SERVICE:
        return
    for name, route in target.routes.listed.items():
        yield Sample(name, route.method, path=_filled(route.path))
    yield Sample("an unknown path", "GET", path="/no/such/path")
    yield Sample("an unknown method", "PATCH", b"{}", path="/search")


def _publics(target: Target) -> Iterator[Sample]:
    if target.kind is TargetKind.MCP_SERVER:
        yield Sample("the metadata", "GET", path=min(metadata_paths(target)))


def _opened(target: Target) -> Iterator[Sample]:
    for path in PUBLIC_PATHS.get(target.name, ()):
        assert isinstance(target.routes.find("GET", path), PublicRoute)
        yield Sample(f"public GET {path}", "GET", path=path)


PUBLIC_PATHS: Mapping[str, tuple[str, ...]] = {"tools/search-api": ("/healthz",)}
"""By target: what it declares as public."""


def _filled(template: str) -> str:
    """Give a path that a template takes."""
    return re.sub(r"\{[^}]*\}", "7", template)


def _message(label: str, method: str, params: Mapping[str, Any]) -> Sample:
    row: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if not method.startswith("notifications/"):
        row["id"] = 1
    return Sample(label, "POST", json.dumps(row).encode())


BY_KIND: Mapping[type, Callable[[Target], Iterator[Sample]]] = {
    ToolCall: _tool_calls,
    PromptUse: _prompts,
    ResourceUse: _resources,
    TaskUse: _tasks,
    Session: _sessions,
    HttpCall: _http_calls,
    AgentCall: _agent_calls,
    Unknown: _unknowns,
    Replied: _publics,
    Forwarded: _opened,
}
"""Samples of every kind of operation; `Replied` stands for what we answer ourselves, and
`Forwarded` for what anybody may ask an upstream."""
