"""What Envoy says about one request, before anything of it is believed."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from authz.model.instant import Instant


class Arrival(Struct, frozen=True, gc=False):
    """What of a Check is ours, before anything of it is read."""

    listener: str
    decision: str
    new_trace: str


class Call(Struct, frozen=True, gc=False):
    """One Check as values. Only `listener` and the ids are ours; the rest is a claim."""

    decision: str
    """The decision id, made by the server first: refusals quote it."""

    new_trace: str
    """A fresh W3C trace id (32 hex digits), used where the caller brings none."""

    listener: str
    """Name of the listener that the Check came in by; it selects how identity is read."""

    principal: str
    """`source.principal`, as Envoy took it from the TLS peer; empty when there is none."""

    peer_address: str
    """IP address of the peer, empty when it is none."""

    target: str | None
    """`context_extensions.target`: where Envoy routes to. None when the route names none."""

    method: str
    path: str
    host: str

    headers: Mapping[str, str]
    """Lower-case names; what was sent several times is joined by a bare comma."""

    body: bytes

    is_lossy: bool
    """The body came as text with a `!` in it, which Envoy also writes for what is no text."""

    size: int
    """Bytes of body that Envoy had; more than `body` holds means it was cut off."""

    stream: str
    """Envoy's stream id and `time`: equal for the repeats of one Check."""

    time: Instant | None

    certificate: str = ""
    """`source.certificate`: the peer's leaf as URL-encoded PEM; empty when it was not sent."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    """gRPC metadata of the Check itself, which its Envoy wrote; joined as `headers` are."""

    check_traceparent: str | None = None
    """`traceparent` of the Check's own gRPC metadata."""
