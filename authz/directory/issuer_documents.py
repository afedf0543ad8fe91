"""What a document of kind `Issuer` may contain, as it is written in YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from authz.directory.node import Node, exactly_one
from authz.directory.words import (
    BelievedFor,
    FreshFor,
    Network,
    Pointer,
    ScopePattern,
    StaleFor,
    Text,
    Uri,
    Url,
)

Algorithm = Literal["ES256", "ES384", "PS256", "RS256", "EdDSA"]


class IssuerKeys(Node):
    """Where an issuer's public keys are: in a file, at a URL, or where its metadata says."""

    file: Text | None = None
    """A JWKS beside the world, read when it changes."""

    jwks_url: Url | None = None
    """A JWKS to fetch."""

    discover: Literal[True] | None = None
    """Where the issuer's metadata says (OpenID Connect Discovery, RFC 8414)."""

    max_age: FreshFor | None = None
    """How long a fetched key set is fresh; `600s` if nothing is said."""

    stale_for: StaleFor | None = None
    """
    How long after that it is used while the issuer cannot be reached; `3600s` if nothing is said.
    """

    @model_validator(mode="after")
    def _one_place(self) -> IssuerKeys:
        exactly_one(self, "file", "jwks_url", "discover")
        if self.file is not None and (self.max_age or self.stale_for):
            message = "maxAge and staleFor are for keys that are fetched"
            raise PydanticCustomError("grammar", "{message}", {"message": message})
        return self


class SecretFile(Node):
    """Where a secret lies: a reference, never the value."""

    file: Text
    """A file with the secret and nothing else."""


class IntrospectionSpec(Node):
    """Whom to ask about opaque tokens (RFC 7662)."""

    url: Url | None = None
    """Where to ask; the issuer's metadata says if nothing is said."""

    client_id: Text
    """We, as a client of the issuer."""

    client_secret: SecretFile
    """Our secret there."""

    max_age: BelievedFor = "30s"
    """How long an answer is believed."""


class ClaimMap(Node):
    """Where an issuer's tokens say what."""

    groups: Pointer | None = None
    """To a list of strings."""

    acr: Pointer | None = None
    """To how the user logged in."""

    amr: Pointer | None = None
    """To a list of the methods that were used."""

    auth_time: Pointer | None = None
    """To when the user logged in, in seconds."""

    login: Pointer | None = None
    """To what only the token of a login has, whatever it is (Keycloak: `/sid`). A token without it
    names no user: it was given to a client for itself, with a `sub` that does not show it."""


class MayAssert(Node):
    """How far an issuer is believed."""

    groups: list[Text] = Field(default_factory=list)
    """Groups that are believed; no others."""

    scopes: list[ScopePattern] = Field(default_factory=list)
    """Scopes that are believed; one may end in `*`."""


class IssuerSpec(Node):
    """Somebody who says who users are."""

    issuer: Url
    """The exact `iss`."""

    audiences: Annotated[list[Uri], Field(min_length=1)]
    """One of them must be in `aud`."""

    algorithms: Annotated[list[Algorithm], Field(min_length=1)]
    """By which it signs."""

    keys: IssuerKeys
    """Where its public keys are: exactly one of `file`, `jwksUrl`, `discover`."""

    introspection: IntrospectionSpec | None = None
    """Whom to ask about tokens that are no JWT; one issuer of a directory may have it."""

    private_networks: list[Network] = Field(default_factory=list)
    """Private networks where it may be reached, by `http://` only there."""

    claims: ClaimMap = ClaimMap()
    """JSON Pointers to where its tokens say what."""

    acr_levels: dict[Text, Annotated[int, Field(ge=0, le=9)]] = Field(default_factory=dict)
    """How strong a login each `acr` is; 2 means several factors."""

    may_assert: MayAssert = MayAssert()
    """How far it is believed. Everything else that it says is ignored."""

    user_scopes: Literal["token", "roles", "token-within-roles"] = "token-within-roles"
    """
    What a user could hold, and what counts now. `token`: what the token carries. `roles`: what the
    roles give. `token-within-roles`: of what the roles give, what the token carries. Always within
    `mayAssert`.
    """
