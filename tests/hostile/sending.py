"""The manners in which a trap is sent, by HTTP version and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.hostile import http1, http2
from tests.hostile.traps import Request, Trap
from tests.support.clients import Door, Response

Manner = Callable[[Door, Sequence[Request]], list[Response]]

MANNERS: Mapping[tuple[int, str], Manner] = {
    (1, "plain"): http1.plain,
    (1, "chunked"): http1.chunked,
    (1, "trailers"): http1.trailers,
    (1, "pipelined"): http1.pipelined,
    (2, "plain"): http2.plain,
    (2, "trailers"): http2.trailers,
    (2, "crumbs"): http2.crumbs,
    (2, "pipelined"): http2.pipelined,
    (2, "continued"): http2.continued,
    (2, "reset"): http2.reset,
}


def send(trap: Trap, door: Door) -> list[Response]:
    """
    Send *trap* in its manner.

    Returns:
        The answers; one whose stream or connection was ended has the status `CUT`, and there
        is none at all where nothing came in time.
    """
    try:
        return MANNERS[trap.http, trap.how](door, trap.requests)
    except TimeoutError:
        return []
