"""Step 0: what anybody may ask of a target: answered from the directory, or forwarded bare."""

from __future__ import annotations

from msgspec import Struct

from authz.directory.compiled import Target, TargetKind
from authz.directory.listening import Direction, TargetChoice
from authz.directory.routes import PublicRoute
from authz.model.operation import HttpCall, Message
from authz.model.outcome import Answered, Facts, Opened, Passed
from authz.protocols.http import has_body
from authz.refusals.metadata import metadata_paths, metadata_reply
from authz.steps.given import Given, Route, listener_of
from authz.steps.read import names_host, read_request, spellings_of

READING = frozenset({"GET", "HEAD"})


class NotPublic(Struct, frozen=True, gc=False):
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
    if listener is not None and listener.direction is Direction.IN and target is not None:
        target = target if target.kind is TargetKind.AGENT else None
    return Passed(Route(target))


def _by_host(given: Given) -> Target | None:
    """Give the one target that is declared at the call's `Host`, and at its path or any."""
    call, by_host = given.call, given.world.directory.targets_by_host
    path = call.path.partition("?")[0]
    found = {
        target.name: target
        for host in spellings_of(call.host)
        for target in by_host.get(host, ())
        if target.path in ("", path) or path in metadata_paths(target)
    }
    return next(iter(found.values())) if len(found) == 1 else None


def answer_public(given: Given, facts: Facts) -> Passed[NotPublic] | Answered | Opened:
    """
    Answer who asks for a target's protected-resource metadata (RFC 9728 section 3).

    A client that has no credential yet learns there where to get one, so nobody
    is asked who they are; and open what a service declares as public. What is no
    plain reading of either is no public operation.
    """
    target, call = facts.of(Route).target, given.call
    if target is None or call.method not in READING or has_body(call):
        return Passed(NotPublic())
    if _asks_for_metadata(given, target):
        return Answered(metadata_reply(target, given.world.directory, call.method, call.decision))
    message = _asks_for_public(given, facts, target)
    return Passed(NotPublic()) if message is None else Opened((message,))


def _asks_for_public(given: Given, facts: Facts, target: Target) -> Message | None:
    """Give the request as step 1 reads it, where that is of a public route."""
    match read_request(given, facts):
        case Passed(Message(operation=HttpCall(method, path)) as message):
            is_public = isinstance(target.routes.find(method, path), PublicRoute)
            return message if is_public else None
    return None


def _asks_for_metadata(given: Given, target: Target) -> bool:
    call = given.call
    return call.path in metadata_paths(target) and names_host(call.host, target)
