"""Policies ready to be asked: what the engine evaluates, and what people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cedarpy import PolicySet, Schema

from authz.directory.compiled import Agent
from authz.policy.annotations import Notes
from authz.policy.question import PolicyRef
from authz.policy.shapes import Shape
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


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of a world, validated together, and what evaluating them needs."""

    by_engine_id: Mapping[str, Policy]
    """By the id that the engine gives them: `engine_id` of their order."""

    engine: PolicySet
    schema: Schema
    shapes: Mapping[str, Shape]
    """Of the arguments, by the tool's qualified name."""

    agents: Mapping[str, Agent]
    zone: ZoneInfo
    """For `clock.hour` and `clock.weekday`."""

    quarantined: Mapping[str, str]
    """Why, by the qualified name of each tool that nobody can call: it clashes with a policy."""

    headers: frozenset[str]
    """The request headers that policies may read."""
