"""Ports for servers that cannot choose one themselves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Iterator[int]:
    """
    Give a port of loopback that a server can bind within the block, and that nobody else is given.

    Until a server does, nobody listens there and whoever connects is refused.
    """
    with socket.socket() as kept:
        # It never listens, so a server that sets this option too, as all of ours do, binds beside
        # it (Linux); and the kernel gives a port that is bound to no one who asks for any.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port: int = kept.getsockname()[1]
        yield port
