"""`make demo-verify`: check the token of the last demo with a second JOSE library.

The gate is started again on the demo's home, and its keys are fetched over
HTTP: what one process signed verifies against another's key set. `joserfc`
shares no code with what the gate signs and checks with.
"""

from __future__ import annotations

import json
import sys
import urllib.request

from joserfc import jwt
from joserfc.jwk import KeySet

from examples.demo.children import ChildFailed
from examples.demo.places import GATE_ISSUER, LOGS, TOKEN, TOOL_AUDIENCE
from examples.demo.stage import JWKS_PATH, running_gate

MEMBERS = {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "act"}
"""Those of a minted token with a user and an agent."""

LOGIN = {"acr", "auth_time"}
"""Those that a token has as well where the issuer says how the user logged in."""

MAX_LIFETIME_SECONDS = 60


def main() -> int:
    """Verify, and say what was found."""
    if not TOKEN.exists():
        print("there is no token; run `make demo` first")
        return 2
    try:
        return _verify()
    except ChildFailed as error:
        print(f"the gate did not start; does `make demo KEEP=1` still run?\n{error}")
        return 2


def _verify() -> int:
    with running_gate(LOGS / "verify.log") as gate:
        url = f"http://127.0.0.1:{gate['http_port']}{JWKS_PATH}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            caching, keys = answer.headers["cache-control"], json.load(answer)
    token = jwt.decode(TOKEN.read_text(), KeySet.import_key_set(keys), algorithms=["ES256"])
    mistakes = [what for what, holds in _checks(token, caching).items() if not holds]
    for mistake in mistakes:
        print(f"not so: {mistake}")
    if mistakes:
        return 1
    print(f"joserfc verifies the token against {JWKS_PATH}, signed by {token.header['kid']};")
    print(f"its members are exactly {', '.join(sorted(token.claims))}")
    return 0


def _checks(token: jwt.Token, caching: str | None) -> dict[str, bool]:
    claims = token.claims
    act = {"iss": "spiffe://example.org", "sub": claims["client_id"]}
    return {
        "typ is at+jwt": token.header["typ"] == "at+jwt",
        "the set of members is the contract's": claims.keys() in (MEMBERS, MEMBERS | LOGIN),
        "iss is the gate": claims["iss"] == GATE_ISSUER,
        "aud is one string, the tool's": claims["aud"] == TOOL_AUDIENCE,
        "scope is the operation's": claims["scope"] == "docs:read",
        "sub is the user": claims["sub"] == "alice",
        "act is the agent alone": claims["act"] == act,
        "it lives no longer than a minute": 0
        < claims["exp"] - claims["iat"]
        <= MAX_LIFETIME_SECONDS,
        "the key set may be cached": "max-age=" in (caching or ""),
    }


if __name__ == "__main__":
    sys.exit(main())
