"""The members of a minted access token (RFC 9068 shape): exactly these, no others."""

from __future__ import annotations

from msgspec import Struct

from authz.identity.chain import write_act
from authz.model.instant import Instant
from authz.model.principals import Actor
from authz.model.scopes import Scopes, format_scopes
from authz.model.strict_json import JSON


class TokenClaims(Struct, frozen=True, gc=False):
    """One access token, not yet signed."""

    issuer: str
    subject: str
    audience: str
    client_id: str
    scopes: Scopes
    issued: Instant
    expires: Instant
    token_id: str
    actors: tuple[Actor, ...]
    """The proven chain, the caller first; empty where the caller acts for nobody but itself."""

    acr: str | None = None
    auth_time: Instant | None = None

    def members(self) -> dict[str, JSON]:
        """Give the payload; no scope is the empty string, what nobody said is absent."""
        members: dict[str, JSON] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "exp": int(self.expires),
            "iat": int(self.issued),
            "jti": self.token_id,
            "client_id": self.client_id,
            "scope": format_scopes(self.scopes),
        }
        optional: dict[str, JSON] = {
            "act": write_act(self.actors),
            "acr": self.acr,
            "auth_time": self.auth_time,
        }
        return members | {name: value for name, value in optional.items() if value is not None}
