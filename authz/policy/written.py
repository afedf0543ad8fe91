"""One policy as its author knows it, and what the engine calls it."""

from __future__ import annotations

from dataclasses import dataclass

from authz.policy.annotations import Notes
from authz.policy.question import PolicyRef
from authz.policy.source import Source


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy as its author knows it."""

    ref: PolicyRef
    notes: Notes
    source: Source
    """What its author wrote, and what of it the engine evaluates."""


def engine_id(index: int) -> str:
    """Give the engine's id of the policy that stands at *index* in the text it was given."""
    return f"policy{index}"
