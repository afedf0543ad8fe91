"""What a Check costs ours, and its peers, side by side."""

import authz.server  # noqa: F401 - tells gRPC what the gate tells it, before it is loaded
