"""A gate behind Envoy, before an official MCP server: what every client here is tried at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from authz.server.decision_point import IN_NO_HURRY, DecisionPoint
from authz.server.needs import Patience
from authz.server.worlds import CurrentWorld
from examples.edge.certificates import Authority
from tests.support.cases import Case
from tests.support.edge import running_front
from tests.support.gate import Gate, running_gate
from tests.support.mcp_upstream import McpUpstream
from tests.support.values import replace

TRANSPORT = frozenset(
    {"content-type", "accept", "content-encoding", "mcp-method", "mcp-name", "mcp-protocol-version"}
)
"""Headers that a client writes itself."""


class Health(StrEnum):
    """How the gate is."""

    WELL = "well"
    OVERLOADED = "overloaded"
    BROKEN = "broken"


@dataclass
class State:
    """What a test does to the gate."""

    health: Health = Health.WELL


class LostKeys:
    """Signing keys that cannot be read any more."""

    @property
    def signing(self) -> Any:
        """Fail, as a disk would."""
        raise OSError("the keys are gone")


@dataclass(frozen=True, slots=True)
class Ailing(DecisionPoint):
    """A decision point that is as well as it is told to be; in all else it is the real one."""

    state: State = field(default_factory=State)

    def answer(
        self,
        request: bytes,
        listener: str,
        metadata: Mapping[str, str],
        patience: Patience = IN_NO_HURRY,
    ) -> bytes:
        """Answer as a gate does that is well, has too much to do, or has lost its keys."""
        match self.state.health:
            case Health.OVERLOADED:
                return self.refuse_overload(listener)
            case Health.BROKEN:
                keys: Any = LostKeys()
                worlds = CurrentWorld(self.worlds.now.world, keys)
                broken = replace(self, worlds=worlds, state=State())
                return broken.answer(request, listener, metadata, patience)
        # A class with slots is made twice, so `super` would look in the first one.
        return DecisionPoint.answer(self, request, listener, metadata, patience)


@dataclass(frozen=True)
class Floor:
    """The running parts."""

    port: int
    gate: Gate
    authority: Authority
    upstream: McpUpstream
    state: State

    def identity_of(self, case: Case) -> tuple[Path, Path]:
        """Give certificate and key of the caller of *case*."""
        name = f"client-{case.principal.rpartition('/')[2]}"
        return self.authority.issue(name, case.principal)

    def records(self) -> list[dict[str, Any]]:
        """Give all records so far."""
        return [json.loads(line) for line in self.gate.records.read_text().splitlines()]

    def reasons(self, tool: str) -> list[str]:
        """Give the reasons of all records of calls of *tool*."""
        rows = self.records()
        return [row["reason"] for row in rows if (row["operation"] or {}).get("tool") == tool]


@contextmanager
def running_floor(decision_point: DecisionPoint, folder: Path) -> Iterator[Floor]:
    """Run the world of *decision_point* between clients and a server with all of its tools."""
    targets = decision_point.world.directory.targets.values()
    tools = {name for target in targets for name in target.tools}
    state = State()
    members = {name: getattr(decision_point, name) for name in DecisionPoint.__dataclass_fields__}
    with (
        McpUpstream(tools) as upstream,
        running_gate(Ailing(**members, state=state), folder) as gate,
        running_front(decision_point, folder, gate, upstream.port) as (port, authority),
    ):
        yield Floor(port, gate, authority, upstream, state)
