"""What steps 2 to 8 may look at: who asks, for whom, and for what operation; nothing else.

So what they found out about the same can be kept. The arguments, the path, the
address, the time of day and everything else of a call are for steps that run
each time.
"""

from __future__ import annotations

from authz.directory.listening import ByMetadata, ByXfcc, IdentityMode
from authz.identity.xfcc import HEADER
from authz.model.call import Call
from authz.model.clearance import Pairs, Shown
from authz.model.headers import AUTHORIZATION
from authz.model.operation import Message, without_arguments
from authz.model.outcome import Facts, Learning
from authz.steps.given import Given, Route, listener_of
from authz.steps.public import NotPublic


def shown_of(given: Given, facts: Facts) -> Shown:
    """Give what a call shows to steps 2 to 8, once it is read."""
    call, message, route = given.call, facts.of(Message), facts.of(Route).target
    listener = listener_of(given)
    headers, metadata = _proofs(call, listener.identity if listener else None)
    credential = call.headers.get(AUTHORIZATION)
    if credential is not None:
        headers = (*headers, (AUTHORIZATION, credential))
    return Shown(
        call.listener,
        call.target,
        call.host,
        call.principal,
        call.certificate,
        headers,
        metadata,
        route.name if route else None,
        message.protocol,
        without_arguments(message.operation),
    )


def _proofs(call: Call, mode: IdentityMode | None) -> tuple[Pairs, Pairs]:
    """Give the headers and the metadata that say who asks."""
    match mode:
        case ByXfcc():
            return _present({HEADER: call.headers.get(HEADER)}), ()
        case ByMetadata(key, by_key):
            said = {name: call.metadata.get(name) for name in (key, by_key)}
            return (), _present(said)
    return (), ()


def _present(said: dict[str, str | None]) -> Pairs:
    return tuple((name, value) for name, value in said.items() if value is not None)


def narrowed(given: Given, facts: Facts, shown: Shown) -> tuple[Given, Learning]:
    """Give what steps 2 to 8 get: the world, the instant, and of the call what it shows."""
    call = shown.as_call()
    known = Learning(call, facts.of(Route), facts.of(NotPublic), shown.as_message())
    return Given(call, given.world, given.now, given.answers), known
