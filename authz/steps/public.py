"""Step 0: what anybody may ask of a target, answered from the directory and never forwarded."""

from __future__ import annotations

from dataclasses import dataclass

from authz.directory.compiled import Target, TargetKind
from authz.directory.listening import Direction, TargetChoice
from authz.model.outcome import Answered, Facts, Passed
from authz.refusals.metadata import metadata_paths, metadata_reply
from authz.steps.given import Given, Route, direction_of, listener_of
from authz.steps.read import names_host, spellings_of

READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class NotPublic:
    """Whoever asks for this has to prove who they are."""


def find_route(given: Given, _facts: Facts) -> Passed[Route]:
    """
    Find what Envoy routes to, as the listener says that it is found.

    Here it never refuses: an unknown target is step 5's to refuse, and at a
    listener for calls to agents what is none is as unknown.
    """
    listener = listener_of(given)
    if listener is not None and listener.targets is TargetChoice.HOSTS:
        target = _by_host(given)
    else:
        target = given.world.directory.targets.get(given.call.target or "")
    if target is not None and direction_of(given) is Direction.IN:
        target = target if target.kind is TargetKind.AGENT else None
    return Passed(Route(target))


def _by_host(given: Given) -> Target | None:
    """Give the one target that is declared at the call's `Host` and path."""
    call, by_host = given.call, given.world.directory.targets_by_host
    path = call.path.partition("?")[0]
    found = {
        target.name: target
        for host in spellings_of(call.host)
        for target in by_host.get(host, ())
        if path == target.path or path in metadata_paths(target)
    }
    return next(iter(found.values())) if len(found) == 1 else None


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
