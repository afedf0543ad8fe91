"""One worker of `authz serve --workers N`; its supervisor runs `python -m authz.commands.worker`.

Its standard input holds its orders in one line, and ends when the supervisor
does, however that was ended: then it ends at once, so that nobody serves whom
nobody looks after. On its standard output it says how it stands.
"""

from __future__ import annotations

import os
import signal
import sys
from functools import partial

from authz.app import Seat, serve
from authz.settings import Exit, HttpAddress, Otlp, ServeSettings
from authz.workers.report import Report, end_with
from authz.workers.told import Orders

NOTICE_SECONDS = 2.0
"""
For which a worker that goes says so to health checks and still answers. A proxy
that asks each second has turned away from it by then, so that no call is lost.
"""


def main() -> int:
    """Serve as one of several until the supervisor, or SIGTERM, says to stop."""
    # A terminal sends it to all; the supervisor says who stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = Orders.read(sys.stdin.buffer.readline())
    end_with(sys.stdin.fileno(), partial(os._exit, Exit.INTERNAL))
    settings = ServeSettings(
        orders.folder,
        HttpAddress("", 0),
        orders.log_level,
        orders.drain_seconds,
        notice_seconds=NOTICE_SECONDS,
        otlp=Otlp(**orders.otlp) if orders.otlp else None,
    )
    seat = Seat(orders.number, orders.workers, partial(Report, sys.stdout.fileno()))
    return serve(settings, seat)


if __name__ == "__main__":
    sys.exit(main())
