"""A small token issuer, so that the demo needs no identity provider.

    python -m examples.demo.issuer

It gives an access token to whoever names one of its users: there is no login,
no consent and no client. `examples/idp` is a real provider, and wants Node.
`POST /token` with a form field `user` answers `{"access_token": …}`; the keys
to verify it with are written to the gate's home at start.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from authz.tokens.jwks import public_jwks
from examples.demo.places import GATE_AUDIENCE, IDP, ISSUER_KEYS
from examples.demo.serving import serve

KEY_ID = "demo-1"
LIFETIME_SECONDS = 600

USERS: Mapping[str, Mapping[str, Any]] = {
    "alice": {"groups": ["researchers"], "scope": "docs:read docs:write"},
    "rita": {"groups": ["reporters"], "scope": "docs:read docs:write"},
}
"""Both logins carry `docs:write`; that rita's role does not is for the gate to know."""


def main() -> None:
    """Make a key, publish it, and serve until stopped."""
    key = ec.generate_private_key(ec.SECP256R1())
    ISSUER_KEYS.parent.mkdir(parents=True, exist_ok=True)
    ISSUER_KEYS.write_bytes(public_jwks({KEY_ID: key.public_key()}))

    serve(issuer(key))


def issuer(key: ec.EllipticCurvePrivateKey) -> Starlette:
    """Give the issuer that signs with *key*."""

    async def token(request: Request) -> JSONResponse:
        async with request.form() as form:
            user = str(form.get("user"))
        if user not in USERS:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        headers = {"typ": "at+jwt", "kid": KEY_ID}
        signed = jwt.encode(claims_of(user), key, algorithm="ES256", headers=headers)
        return JSONResponse({"access_token": signed}, headers={"cache-control": "no-store"})

    return Starlette(routes=[Route("/token", token, methods=["POST"])])


def claims_of(user: str) -> dict[str, Any]:
    """Give the members of a token for *user*, valid from now."""
    now = int(time.time())
    return {
        "iss": IDP,
        "sub": user,
        "aud": GATE_AUDIENCE,
        "client_id": "web-portal",
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": secrets.token_hex(8),
        **USERS[user],
    }


if __name__ == "__main__":
    main()
