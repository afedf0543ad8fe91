"""Cases as data: `tests/cases/*.yaml` resolved into requests, tokens and expectations.

A case is `like` a template or another case; maps merge, `null` deletes a key.
What `WHOLE` lists is replaced as a whole. `now` is the case's own instant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from authz.model.instant import Instant
from tests.support.keys import sign

FOLDER = Path(__file__).parent.parent / "cases"
WHOLE = frozenset({"body", "arguments", "call", "act", "expect", "target", "authorization"})
"""Members that a case replaces whole. `target: {}` is a route that names no target."""

CASE_MEMBERS = frozenset(
    {"name", "why", "listener", "peer", "target", "request", "token", "now", "expect"}
)
REQUEST_MEMBERS = frozenset(
    {"method", "host", "path", "headers", "call", "body", "text", "http", "authorization"}
)
EXPECT_MEMBERS = frozenset(
    {"reason", "step", "answer", "challenges", "token", "headers", "legs", "policies"}
)

MODERN_VERSION = "2026-07-28"
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "case", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True)
class Case:
    """One resolved case."""

    name: str
    why: str
    listener: str
    principal: str
    target: str | None
    method: str
    host: str
    path: str
    http: int
    headers: tuple[tuple[str, str], ...]
    """As the client sends them, `authorization` included; a name may stand twice."""

    body: bytes
    request_id: int | str | None
    now: Instant
    expect: Mapping[str, Any]

    def __str__(self) -> str:
        return self.name

    @property
    def joined_headers(self) -> dict[str, str]:
        """The headers as Envoy hands them to a Check."""
        joined: dict[str, str] = {}
        for name, value in self.headers:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        return joined


@cache
def all_cases() -> tuple[Case, ...]:
    """Give every case of the folder, in the order of the files."""
    return tuple(_case(name, row, _own_now(row)) for name, row in _rows().items())


def case_named(name: str) -> Case:
    """Give the case *name*, at its own instant."""
    return case_at(name, _own_now(_rows()[name]))


def case_at(name: str, now: Instant) -> Case:
    """Give the case *name* as if it were told at *now*: its token is good then."""
    return _case(name, _rows()[name], now)


def case_like(base: str, changes: Mapping[str, Any], now: Instant | None = None) -> Case:
    """Give the case *base* with *changes* merged in; at its own instant, or at *now*."""
    row = _merged(_rows()[base], dict(changes))
    return _case(base, row, _own_now(row) if now is None else now)


@cache
def _rows() -> Mapping[str, dict[str, Any]]:
    """Give every case, resolved, by name."""
    known: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "_bases.yaml").read_text())
    names: list[str] = []
    for path in sorted(FOLDER.glob("[!_]*.yaml")):
        listed = yaml.safe_load(path.read_text())
        names.extend(row["name"] for row in listed)
        known |= {row["name"]: row for row in listed}
    return {name: _resolved(known[name], known) for name in names}


def _own_now(row: Mapping[str, Any]) -> Instant:
    return Instant(int(datetime.fromisoformat(row["now"]).timestamp()))


@cache
def answers() -> Mapping[str, Mapping[str, Any]]:
    """Give the named answers that cases expect."""
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load((FOLDER / "_answers.yaml").read_text())
    return loaded


def _resolved(row: dict[str, Any], known: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    base = _resolved(known[row["like"]], known) if "like" in row else {}
    return _merged(base, {key: value for key, value in row.items() if key != "like"})


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict) and key not in WHOLE:
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = value
    return merged


def _case(name: str, row: Mapping[str, Any], now: Instant) -> Case:
    request = row["request"]
    _check_names(name, row)
    body, mirrored, request_id = _body(request)
    headers = {**mirrored, **request.get("headers", {})}
    token = _token(row.get("token"), now)
    sent = request.get("authorization", ["token"] if token else [])
    credentials = [f"Bearer {token}" if each == "token" else each for each in sent]
    return Case(
        name=name,
        why=row["why"],
        listener=row["listener"],
        principal=row["peer"]["principal"],
        target=row["target"].get("target"),
        method=request["method"],
        host=request["host"],
        path=request["path"],
        http=request.get("http", 1),
        headers=(*headers.items(), *(("authorization", each) for each in credentials)),
        body=body,
        request_id=request_id,
        now=now,
        expect=row["expect"],
    )


def _check_names(name: str, row: Mapping[str, Any]) -> None:
    """Check that a case says nothing that no test looks at, and that a refusal has an answer."""
    expect = row["expect"]
    assert row.keys() <= CASE_MEMBERS, f"{name}: {row.keys() - CASE_MEMBERS}"
    assert row["request"].keys() <= REQUEST_MEMBERS, f"{name}: {row['request'].keys()}"
    assert expect.keys() <= EXPECT_MEMBERS, f"{name}: {expect.keys() - EXPECT_MEMBERS}"
    assert ("answer" in expect) is (expect["reason"] != "allow"), f"{name}: answer"


def _body(request: Mapping[str, Any]) -> tuple[bytes, dict[str, str], int | str | None]:
    if "text" in request:
        return request["text"].encode(), {}, None
    if "body" in request:
        return json.dumps(request["body"]).encode(), {}, request["body"].get("id")
    if "call" not in request:
        return b"", {}, None
    call = request["call"]
    params = {"name": call["tool"], "arguments": call["arguments"]}
    mirrored: dict[str, str] = {}
    if call.get("era") == "modern":
        params["_meta"] = MODERN_META
        mirrored = {
            "mcp-protocol-version": MODERN_VERSION,
            "mcp-method": "tools/call",
            "mcp-name": call["tool"],
        }
    message = {"jsonrpc": "2.0", "id": call["id"], "method": "tools/call", "params": params}
    return json.dumps(message).encode(), mirrored, call["id"]


def _token(row: Mapping[str, Any] | None, now: Instant) -> str | None:
    if row is None:
        return None
    claims = {name: at(value, now) for name, value in row["claims"].items()}
    return sign(row["key"], row["header"], json.dumps(claims).encode())


def at(value: Any, now: Instant) -> Any:
    """Give a claim's value, `now+N` resolved."""
    if isinstance(value, str) and (value == "now" or value.startswith(("now+", "now-"))):
        return now + int(value[3:] or 0)
    return value
