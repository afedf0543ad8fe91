"""The edge that Envoy talks to: gRPC, the public HTTP face, and the stop of both.

Time, ids and signing are taken in one place, `decision_point`, which also holds the
one broad `except` of the package.

Before anything here loads gRPC, it is told to read its sockets as it did for years: a fifth
less CPU for a call (docs/decisions/0017-how-grpc-reads-sockets.md).
"""

import os

EXPERIMENTS = "-event_engine_listener"
"""What gRPC's core is told by `GRPC_EXPERIMENTS`, which whoever starts the process may say too."""

os.environ.setdefault("GRPC_EXPERIMENTS", EXPERIMENTS)
