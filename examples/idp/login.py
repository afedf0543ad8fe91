"""A user logs in without a screen: code and PKCE, with redirects that a script follows.

Source: RFC 6749 section 4.1, RFC 7636 (PKCE), RFC 8707 (`resource`), RFC 9207 (`iss`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx2

CLIENT = "web-portal"
REDIRECT = "http://127.0.0.1/callback"
"""A client of `cast.mjs`, and where it wants codes to be sent; nothing listens there."""

TIMEOUT_SECONDS = 20
MAX_HOPS = 12
"""A first login takes five; one that never ends is a fault of the provider's."""


class LoginRefused(Exception):
    """The provider gave no token; the message is its error code, with its description."""


class Browser:
    """
    A user's browser, with its cookies: a second login finds the session of the first.

    The user is at it and answers each page at once, as *answers* say:
    `{"consent": "docs:read"}` agrees to that scope alone, `{"deny": "1"}` to
    nothing; by default to all that is asked for.
    """

    def __init__(self, user: str, answers: Mapping[str, str] | None = None) -> None:
        self._answers = {"user": user, **(answers or {})}
        # The provider is plain HTTP on loopback: a context that trusts nobody costs nothing.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx2.Client(verify=nobody, trust_env=False, timeout=TIMEOUT_SECONDS)

    def visit(self, url: str) -> dict[str, str]:
        """
        Open an authorization URL, and give what the client is sent back with: `code`, or `error`.

        Raises:
            LoginRefused: the provider showed an error instead of sending the user back, or
                redirected for ever.
        """
        (back,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        for _ in range(MAX_HOPS):
            answer = self.http.get(url, follow_redirects=False)
            if not answer.is_redirect:
                raise LoginRefused(answer.text)
            url = urljoin(url, answer.headers["location"])
            if url.partition("?")[0] == back:
                return dict(parse_qsl(urlsplit(url).query))
            if "/interaction/" in url:
                url = f"{url}?{urlencode(self._answers)}"
        raise LoginRefused("redirected too often")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()


def log_in(
    issuer: str, browser: Browser, scope: str, resource: str, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """
    Log the user of *browser* in at *issuer*, and give the token response.

    *scope* is asked for beside `openid`, for *resource*; *more* are further
    parameters of the request, such as `acr_values` and `max_age`.

    Raises:
        LoginRefused: no token, for whatever reason.
    """
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    query = {
        "client_id": CLIENT,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": f"openid {scope}",
        "resource": resource,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **(more or {}),
    }
    sent_back = browser.visit(f"{issuer}/auth?{urlencode(query)}")
    if (sent_back.get("state"), sent_back.get("iss")) != (state, issuer):
        raise LoginRefused("somebody else answers")
    if "code" not in sent_back:
        raise LoginRefused(f"{sent_back['error']}: {sent_back.get('error_description')}")
    form = {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "resource": resource,
        "code": sent_back["code"],
        "code_verifier": verifier,
    }
    answer = browser.http.post(f"{issuer}/token", data=form)
    if not answer.is_success:
        raise LoginRefused(answer.text)
    tokens: dict[str, Any] = answer.json()
    return tokens
