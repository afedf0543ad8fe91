"""Everything: the operations that can be asked of a target, one sample or more of each kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from authz.directory.compiled import Target, TargetKind
from authz.model.operation import Session, ToolCall, Unknown
from authz.model.outcome import Replied
from authz.protocols.mcp import LISTEN_FLAGS, SESSION_METHODS, SESSION_VERBS
from authz.refusals.metadata import metadata_paths

ARGUMENTS: Mapping[str, list[Mapping[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "arguments.yaml").read_text()
)


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
    yield _message("an unknown tool", "tools/call", {"name": "no_such_tool", "arguments": {}})


def _sessions(target: Target) -> Iterator[Sample]:
    if target.kind is not TargetKind.MCP_SERVER:
        return
    for method in SESSION_METHODS:
        wants = {"notifications": dict.fromkeys(LISTEN_FLAGS, True)}
        yield _message(method, method, wants if method == "subscriptions/listen" else {})
    for verb in sorted(SESSION_VERBS):
        yield Sample(verb, verb)


def _unknowns(target: Target) -> Iterator[Sample]:
    if target.kind is TargetKind.MCP_SERVER:
        yield _message("an unknown method", "resources/read", {})
        yield Sample("plain HTTP", "PUT", b"{}")
    else:
        yield _message("a message", "message/send", {})
        yield Sample("plain HTTP", "GET")


def _publics(target: Target) -> Iterator[Sample]:
    if target.kind is TargetKind.MCP_SERVER:
        yield Sample("the metadata", "GET", path=min(metadata_paths(target)))


def _message(label: str, method: str, params: Mapping[str, Any]) -> Sample:
    row: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if not method.startswith("notifications/"):
        row["id"] = 1
    return Sample(label, "POST", json.dumps(row).encode())


BY_KIND: Mapping[type, Callable[[Target], Iterator[Sample]]] = {
    ToolCall: _tool_calls,
    Session: _sessions,
    Unknown: _unknowns,
    Replied: _publics,
}
"""Samples of every kind of operation; `Replied` stands for what we answer ourselves."""
