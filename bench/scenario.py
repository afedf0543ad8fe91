"""Who may call which tool, in the scenario that every server of `make bench-peers` serves.

A company with one provider of identity: users with two of twelve roles, fifty
agents that call tools for them, and one MCP server of two hundred tools. A role
may call sixty of them. Numbers are drawn with a seed, so two runs agree on who
may do what; only keys of time (`iat`, `exp`) differ.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

SEED = 20260823

ISSUER = "https://idp.bench.example"
AUDIENCE = "https://gate.bench.example"
KEY = "bench-1"
"""The `kid`, and the name of the issuer's key in `tests.support.keys`."""

NAMESPACE = "agents"
TARGET = "tools/bench"
HOST = "bench.tools.example"
PATH = "/mcp"

USERS, TOOLS, ROLES, AGENTS, AREAS = 10_000, 200, 12, 50, 10
TOOLS_OF_ROLE, ROLES_OF_USER = 60, 2


@dataclass(frozen=True)
class User:
    """One user, and the agent that calls for it."""

    subject: str
    roles: tuple[str, ...]
    agent: str
    """The agent's client id."""


@dataclass(frozen=True)
class Scenario:
    """Who may call which tool."""

    users: Sequence[User]
    agents: Sequence[str]
    """Client ids; an agent is declared by the same name."""

    tools: Sequence[str]
    grants: Mapping[str, Sequence[str]]
    """By role, the tools that it may call."""

    @cached_property
    def _granted(self) -> Mapping[str, frozenset[str]]:
        return {role: frozenset(tools) for role, tools in self.grants.items()}

    def may_call(self, user: User, tool: str) -> bool:
        """Say whether a role of *user* may call *tool*."""
        return any(tool in self._granted[role] for role in user.roles)

    def scope_of(self, tool: str) -> str:
        """Give the scope that *tool* requires: its area's, which a tenth of all tools share."""
        return f"bench:area-{self.tools.index(tool) % AREAS}"


def scenario() -> Scenario:
    """Draw the scenario; always the same."""
    drawn = random.Random(SEED)
    tools = [f"tool_{number:03d}" for number in range(TOOLS)]
    roles = [f"role-{number:02d}" for number in range(ROLES)]
    agents = [f"agent-{number:02d}" for number in range(AGENTS)]
    grants = {role: sorted(drawn.sample(tools, TOOLS_OF_ROLE)) for role in roles}
    users = [
        User(
            subject=f"user-{number:05d}",
            roles=tuple(drawn.sample(roles, ROLES_OF_USER)),
            agent=drawn.choice(agents),
        )
        for number in range(USERS)
    ]
    return Scenario(users, agents, tools, grants)


def zipf(drawn: random.Random, size: int, exponent: float) -> Callable[[], int]:
    """Give a draw of 0 to *size* - 1 by Zipf's law; which number is frequent is itself drawn."""
    weights = list(accumulate(rank**-exponent for rank in range(1, size + 1)))
    order = list(range(size))
    drawn.shuffle(order)
    return lambda: order[bisect_left(weights, drawn.random() * weights[-1])]
