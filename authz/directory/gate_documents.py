"""What the document of kind `Gate` may contain, as it is written in YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from authz.directory.node import Node, exactly_one
from authz.directory.words import (
    HeaderName,
    Label,
    Lifetime,
    MetadataKey,
    Spiffe,
    Text,
    TrustDomain,
    Url,
    Zone,
)


class KeyFolder(Node):
    """Where our signing keys lie."""

    folder: Text
    """A folder below the home, or an absolute path. The first start makes a key in it."""


class GateIssuer(Node):
    """We, as the issuer of the tokens that we mint."""

    url: Url
    """The `iss` of our tokens."""

    keys: KeyFolder
    """Where our signing keys lie."""

    token_lifetime: Lifetime = "60s"  # noqa: S105 - a duration
    """How long a token of ours counts, at most."""


class Tls(Node):
    """Files of a TCP listener's mTLS."""

    certificate: Text
    """PEM file of the listener's own certificate, with its chain."""

    key: Text
    """PEM file of the certificate's key."""

    clients: Text
    """PEM file of the roots that Envoys' certificates must come from."""


class Callers(Node):
    """Who may send Checks by a TCP listener."""

    spiffe: Annotated[list[Spiffe], Field(min_length=1)] | None = None
    """The Envoys that may send Checks, by SPIFFE ID; goes with `tls`."""

    mesh: Text | None = None
    """In your own words, what else keeps everybody but Envoy away: a declaration, not a check."""

    @model_validator(mode="after")
    def _one_way(self) -> Callers:
        exactly_one(self, "spiffe", "mesh")
        return self


class XfccSpec(Node):
    """Whose `x-forwarded-client-cert` is believed: the proxy that `By` names."""

    by: Spiffe
    """The proxy that `By` must name."""


class MetadataSpec(Node):
    """Where a waypoint writes who asks, and where and how it names itself."""

    key: MetadataKey = "x-peer-principal"
    """The key under which the waypoint writes who asks."""

    by: Spiffe | None = None
    """The waypoint that must name itself."""

    by_key: MetadataKey | None = None
    """The key under which it names itself; `x-local-principal` if only `by` is said."""

    @model_validator(mode="after")
    def _key_of_a_name(self) -> MetadataSpec:
        if self.by_key is not None and self.by is None:
            message = "byKey says where the waypoint names itself, and by what it must say there"
            raise PydanticCustomError("grammar", "{message}", {"message": message})
        return self


class ClientSpec(Node):
    """Whose client ids count."""

    issuer: Label
    """The `Issuer` that must have given the client its token."""


class ListenerSpec(Node):
    """One gRPC address of ours, and how it is read there who asks."""

    name: Label
    """What logs and records call it."""

    address: Text
    """`unix:<path>`, whose folder only Envoy's group may enter, or `host:port`."""

    direction: Literal["out", "in"]
    """`out`: calls of declared agents to any target. `in`: calls to agents alone."""

    identity: Literal["principal", "certificate", "xfcc", "metadata", "client", "none"]
    """By which one proof it is known here who asks."""

    xfcc: XfccSpec | None = None
    """Must be there with `identity: xfcc`."""

    metadata: MetadataSpec | None = None
    """Goes with `identity: metadata`."""

    client: ClientSpec | None = None
    """Must be there with `identity: client`."""

    targets: Literal["route", "hosts"] = "route"
    """
    `route`: Envoy's route names the target (`context_extensions.target`). `hosts`: it is what is
    declared at that very host and path.
    """

    tls: Tls | None = None
    """For `host:port`: mTLS with Envoy."""

    callers: Callers | None = None
    """For `host:port`: who may send Checks."""


class Records(Node):
    """The decision log."""

    file: Text
    """The decision log, one JSON line a decision."""

    level: Literal["durable", "written", "queued"] = "written"
    """
    What is sure before an answer leaves: `durable` on the disk, `written` with the kernel, `queued`
    in a queue.
    """

    when_full: Literal["deny"] = "deny"
    """What is done with a call whose record is not taken."""


class GateSpec(Node):
    """This deployment."""

    trust_domains: Annotated[list[TrustDomain], Field(min_length=1)]
    """SPIFFE trust domains whose workloads are believed."""

    time_zone: Zone = "UTC"
    """For `clock.hour` and `clock.weekday` in policies."""

    policy_headers: list[HeaderName] = Field(default_factory=list)
    """Request headers that policies may read."""

    issuer: GateIssuer
    """We, as the issuer of tokens."""

    listeners: Annotated[list[ListenerSpec], Field(min_length=1)]
    """Where Checks are answered."""

    records: Records
    """The decision log."""
