"""Step 0: what anybody may ask of a target, answered from the directory and never forwarded."""

from __future__ import annotations

from dataclasses import dataclass

from authz.directory.compiled import Target, TargetKind
from authz.model.outcome import Answered, Facts, Passed
from authz.refusals.metadata import metadata_paths, metadata_reply
from authz.steps.given import Given, Route
from authz.steps.read import names_host

READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class NotPublic:
    """Whoever asks for this has to prove who they are."""


def find_route(given: Given, _facts: Facts) -> Passed[Route]:
    """Find what Envoy routes to. Here it never refuses: an unknown target is step 5's to refuse."""
    return Passed(Route(given.world.directory.targets.get(given.call.target or "")))


def answer_public(given: Given, facts: Facts) -> Passed[NotPublic] | Answered:
    """
    Answer who asks for a target's protected-resource metadata (RFC 9728 section 3).

    A client that has no credential yet learns there where to get one, so nobody
    is asked who they are. What is no plain reading of it is no public operation.
    """
    target = facts.of(Route).target
    if target is None or not _asks_for_metadata(given, target):
        return Passed(NotPublic())
    call = given.call
    return Answered(metadata_reply(target, given.world.directory, call.method, call.decision))


def _asks_for_metadata(given: Given, target: Target) -> bool:
    call = given.call
    return (
        target.kind is TargetKind.MCP_SERVER
        and call.method in READING
        and call.size == 0
        and not call.body
        and call.path in metadata_paths(target)
        and names_host(call.host, target)
    )
