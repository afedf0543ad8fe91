"""Tiers: how far a policy reaches, by the folder that it lies in.

A lower tier speaks only of its own. The guard that says so stands before the
author's conditions, so that a condition that errors hurts nobody else.
"""

from __future__ import annotations

from collections.abc import Collection, Set

from authz.directory.diagnostics import nearest

ROOT = "policies/"
FOLDERS = "policies/global/, policies/ns/<namespace>/ or policies/agents/<namespace>/<agent>/"

NO_GUARD = ""


class NoTier(ValueError):
    """The folder is no tier, or names nobody."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def speaks_of(file: str, tool: str) -> bool:
    """Say whether policies of *file* speak of *tool* for everybody: the global tier, its own."""
    match file.removeprefix(ROOT).split("/"):
        case ["global", *_]:
            return True
        case ["ns", namespace, *_]:
            return tool.startswith(f"{namespace}/")
    return False


def tier_of(file: str) -> tuple[str, str]:
    """
    Give the tier of a file that policies load from.

    Returns:
        `global` and nothing, `ns` and a namespace, or `agents` and an agent.
    """
    match file.removeprefix(ROOT).split("/"):
        case ["ns", namespace, *_]:
            return "ns", namespace
        case ["agents", namespace, name, *_]:
            return "agents", f"{namespace}/{name}"
    return "global", ""


def folders_for(namespace: str, agent: str) -> tuple[str, ...]:
    """
    Give the folders whose permits count for one party's leg at a target of *namespace*.

    Args:
        namespace: Of the target.
        agent: `namespace/name` of the party; empty for the user.
    """
    own = (f"ns/{agent.partition('/')[0]}/", f"agents/{agent}/") if agent else ()
    return tuple(f"{ROOT}{tier}" for tier in dict.fromkeys(("global/", f"ns/{namespace}/", *own)))


def guard_of(file: str, namespaces: Set[str], agents: Collection[str]) -> str:
    """
    Give the condition that holds the policies of *file* (`policies/…/x.cedar`) to their own.

    Returns:
        A Cedar expression; `NO_GUARD` for the global tier, which speaks of everything.

    Raises:
        NoTier: a misspelt folder never gets global power.
    """
    match file.removeprefix(ROOT).split("/"):
        case ["global", _, *_]:
            return NO_GUARD
        case ["ns", namespace, _, *_]:
            if namespace not in namespaces:
                raise NoTier(f"there is no namespace {namespace}", nearest(namespace, namespaces))
            space = f'Namespace::"{namespace}"'
            return f"resource in {space} || principal is Agent in {space}"
        case ["agents", namespace, name, _, *_]:
            agent = f"{namespace}/{name}"
            if agent not in agents:
                raise NoTier(f"no document declares the agent {agent}", nearest(agent, agents))
            return f'principal == Agent::"{agent}"'
    raise NoTier("policies load from no such folder", f"put it below {FOLDERS}")
