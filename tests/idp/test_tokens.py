"""The provider that tests and demo stand on does what a real one does: logins and tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2
import jwt
import pytest

from examples.idp.login import CLIENT, REDIRECT, Browser, LoginRefused, log_in
from examples.idp.provider import Provider
from tests.support.idp import CLIENT_SECRET, GATE

OPAQUE = "https://opaque.example.org"
MFA = "urn:demo:mfa"


def verified(idp: Provider, token: str, audience: str) -> dict[str, Any]:
    """Verify a JWT as a resource server would, by discovery alone."""
    metadata = httpx2.get(f"{idp.issuer}/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(httpx2.get(metadata["jwks_uri"]).json())
    header = jwt.get_unverified_header(token)
    claims: dict[str, Any] = jwt.decode(
        token, keys[header["kid"]], [header["alg"]], audience=audience, issuer=metadata["issuer"]
    )
    return claims | {"header": header}


def introspected(
    idp: Provider, token: str, secret: str = quote_plus(CLIENT_SECRET)
) -> dict[str, Any]:
    """Ask the provider about a token, as the client `gate`."""
    url = f"{idp.issuer}/token/introspection"
    answer: dict[str, Any] = httpx2.post(url, data={"token": token}, auth=("gate", secret)).json()
    return answer


def test_access_token_of_a_login(idp: Provider) -> None:
    """A login gives an RFC 9068 token that says who, in which groups, and how it was proven."""
    tokens = idp.login("alice", "docs:read docs:write", GATE)
    claims = verified(idp, tokens["access_token"], GATE)

    assert claims["header"]["typ"] == "at+jwt"
    assert claims["iss"] == idp.issuer
    assert (claims["sub"], claims["groups"]) == ("alice", ["researchers"])
    assert (claims["aud"], claims["scope"]) == (GATE, "docs:read docs:write")
    assert (claims["client_id"], claims["acr"]) == (CLIENT, "urn:demo:pwd")
    assert 0 <= claims["iat"] - claims["auth_time"] < 60
    assert claims["exp"] - claims["iat"] == 600
    assert claims["jti"]
    assert verified(idp, tokens["id_token"], CLIENT)["sub"] == "alice"


@pytest.mark.parametrize(
    ("resource", "algorithm"),
    [(GATE, "ES256"), ("https://rsa.example.org", "RS256"), ("https://ed.example.org", "EdDSA")],
)
def test_algorithms(resource: str, algorithm: str, idp: Provider) -> None:
    """Each resource has its algorithm, and the published keys verify all of them."""
    token = idp.login("rita", "docs:read", resource)["access_token"]
    claims = verified(idp, token, resource)

    assert (claims["header"]["alg"], claims["groups"]) == (algorithm, ["reporters"])


def test_opaque_token(idp: Provider) -> None:
    """An opaque token says nothing by itself; introspection says all, until it is revoked."""
    token = idp.login("alice", "docs:read", OPAQUE)["access_token"]
    before = introspected(idp, token)
    revoked = {"token": token, "client_id": CLIENT}
    httpx2.post(f"{idp.issuer}/token/revocation", data=revoked).raise_for_status()

    assert "." not in token
    assert (before["active"], before["sub"], before["groups"]) == (True, "alice", ["researchers"])
    assert (before["aud"], before["scope"]) == (OPAQUE, "docs:read")
    assert {"exp", "iat", "iss", "client_id", "acr", "auth_time"} <= before.keys()
    assert introspected(idp, token) == {"active": False}


def test_introspection_wants_the_secret_encoded(idp: Provider) -> None:
    """Basic authentication is form-encoded first (RFC 6749 section 2.3.1), or it is refused."""
    token = idp.login("alice", "docs:read", OPAQUE)["access_token"]

    assert introspected(idp, token, CLIENT_SECRET)["error"] == "invalid_request"
    assert introspected(idp, token, "wrong")["error"] == "invalid_client"


def test_stronger_login(idp: Provider) -> None:
    """`acr_values` make a user who can log in more strongly; one who cannot gets no token."""
    with Browser("alice") as browser:
        first = log_in(idp.issuer, browser, "docs:read", GATE)
        again = log_in(idp.issuer, browser, "docs:read", GATE, {"acr_values": MFA})
    logins = [verified(idp, tokens["access_token"], GATE) for tokens in (first, again)]

    assert [login["acr"] for login in logins] == ["urn:demo:pwd", MFA]
    with pytest.raises(LoginRefused, match="unmet_authentication_requirements"):
        idp.login("bob", "docs:read", GATE, {"acr_values": MFA})


def test_session_and_consent(idp: Provider) -> None:
    """A second login finds the session; a scope that the user refused is not in the token."""
    with Browser("alice", {"consent": "docs:read"}) as browser:
        first = log_in(idp.issuer, browser, "docs:read docs:write", GATE)
        idp.control("seen")
        log_in(idp.issuer, browser, "docs:read", GATE)
    hops = [row["path"] for row in idp.control("seen")["requests"]]

    assert first["scope"] == "docs:read"
    assert hops == ["/auth", "/token"]


def test_logins_that_give_no_token(idp: Provider) -> None:
    """Who says no, is unknown, or asks for what nobody knows, gets no token."""
    with Browser("alice", {"deny": "1"}) as browser, pytest.raises(LoginRefused, match="denied"):
        log_in(idp.issuer, browser, "docs:read", GATE)
    with pytest.raises(LoginRefused, match="access_denied"):
        idp.login("nobody", "docs:read", GATE)
    with pytest.raises(LoginRefused, match="invalid_target"):
        idp.login("alice", "docs:read", "https://unknown.example.org")


def test_public_client_needs_pkce(idp: Provider) -> None:
    """Without a challenge the provider does not even ask the user."""
    query = {"client_id": CLIENT, "response_type": "code", "redirect_uri": REDIRECT}
    with Browser("alice") as browser:
        back = browser.visit(f"{idp.issuer}/auth?{urlencode(query | {'scope': 'openid'})}")

    assert back["error"] == "invalid_request"
    assert "PKCE" in back["error_description"]


def test_users_and_resources_are_added(idp: Provider) -> None:
    """A test can add who and what it needs while the provider runs."""
    idp.control("user", sub="una", groups=["pilots"], acr="urn:demo:pwd")
    idp.control("resource", indicator="https://new.example.org", scope="fly", audience="urn:sky")
    token = idp.login("una", "fly", "https://new.example.org")["access_token"]
    claims = verified(idp, token, "urn:sky")

    assert (claims["groups"], claims["scope"]) == (["pilots"], "fly")


def test_forged(idp: Provider) -> None:
    """Anything can be signed with the real key: what a wrong `typ` or a missing `aud` needs."""
    token = idp.control("forge", claims={"sub": "alice"}, header={"typ": "JWT"})["token"]
    keys = jwt.PyJWKSet.from_dict(httpx2.get(f"{idp.issuer}/jwks").json())
    header = jwt.get_unverified_header(token)

    assert header["typ"] == "JWT"
    assert jwt.decode(token, keys[header["kid"]], ["ES256"]) == {"iss": idp.issuer, "sub": "alice"}
