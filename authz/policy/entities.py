"""Entities and references as the engine reads them in JSON: `__entity` is written here alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]


def reference(kind: str, name: str) -> Json:
    """Give what names an entity where one is expected."""
    return {"type": kind, "id": name}


def link(kind: str, name: str) -> Json:
    """Give a reference as a value: of an attribute, or in a context."""
    return {"__entity": reference(kind, name)}


def entity(
    kind: str,
    name: str,
    facts: Json | None = None,
    parents: Iterable[tuple[str, str]] = (),
    tags: Mapping[str, str] | None = None,
) -> Json:
    """Give an entity with its attributes, parents (type and id) and tags."""
    return {
        "uid": reference(kind, name),
        "attrs": facts or {},
        "parents": [reference(*parent) for parent in parents],
        "tags": dict(tags or {}),
    }
