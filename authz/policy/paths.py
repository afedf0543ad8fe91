"""Where an expression in the engine's JSON form (EST) looks: the names that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]

INPUT: Path = ("context", "input")
"""Where a tool's arguments are, as its input types them."""

ARGUMENTS: Path = ("context", "session", "args")
"""Where the same are as texts."""

HEADERS: Path = ("context", "session", "headers")
"""Where the request headers are that policies may read."""


def path_of(form: Mapping[str, Any]) -> Path:
    """Give the names that lead to an attribute, its variable first; empty for anything else."""
    match form:
        case {"Var": str(name)}:
            return (name,)
        case {".": {"left": base, "attr": str(name)}}:
            before = path_of(base)
            return (*before, name) if before else ()
    return ()
