"""The tool: an MCP server built with the official SDK, which knows nothing of the gate.

    python -m examples.demo.tool URL

URL is the gate's public face. It verifies the gate's tokens as any resource
server would: by the published keys, its own audience, and a scope for each
tool.
"""

from __future__ import annotations

import sys

import jwt
from mcp.server import MCPServer
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from examples.demo.places import GATE_ISSUER, PKI, TOOL_AUDIENCE, TOOL_HOST
from examples.demo.serving import Tls, serve
from examples.demo.stage import JWKS_PATH
from examples.demo.witness import Witness

PAGES = {"/workspace/tides": "Spring tides come with the new and the full moon."}


class GateTokens:
    """Verifies access tokens that the gate minted for this tool."""

    def __init__(self, jwks_url: str) -> None:
        self._keys = jwt.PyJWKClient(jwks_url)

    async def verify_token(self, token: str) -> AccessToken | None:
        """Give what a good token says; None for any other."""
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token, key, algorithms=["ES256"], audience=TOOL_AUDIENCE, issuer=GATE_ISSUER
            )
        except jwt.PyJWTError:
            return None
        return AccessToken(
            token=token,
            client_id=claims["client_id"],
            scopes=claims["scope"].split(),
            expires_at=claims["exp"],
            resource=TOOL_AUDIENCE,
            subject=claims["sub"],
            claims=claims,
        )


def tool_server(jwks_url: str) -> MCPServer:
    """Give the server with its four tools."""
    audience = AnyHttpUrl(TOOL_AUDIENCE)
    server = MCPServer(
        "docs",
        log_level="WARNING",
        token_verifier=GateTokens(jwks_url),
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(GATE_ISSUER),
            resource_server_url=audience,
            validate_token_resource=True,
        ),
    )

    @server.tool()
    def search(query: str, limit: int | None = None) -> str:
        """Find pages."""
        _need("docs:read")
        return f"{min(len(PAGES), limit or 10)} page about {query}"

    @server.tool()
    def read_page(path: str | None = None) -> str:
        """Read a page of the workspace, the first one by default."""
        _need("docs:read")
        return PAGES[path or "/workspace/tides"]

    @server.tool()
    def annotate(page: str, note: str | None = None) -> str:
        """Write a note to a page."""
        _need("docs:write")
        return f"noted on {page}: {note or 'nothing'}"

    @server.tool()
    def drafts() -> str:
        """Read what nobody has published yet."""
        _need("docs:read")
        return "a draft about storms"

    return server


def _need(scope: str) -> None:
    """Check what the gate has checked already: a tool need not trust its network."""
    token = get_access_token()
    if token is None or scope not in token.scopes:
        raise PermissionError(f"the token lacks {scope}")


def tool(gate: str) -> Starlette:
    """Give the server as an application; *gate* is the URL of the gate's public face."""
    security = TransportSecuritySettings(allowed_hosts=[TOOL_HOST])
    return tool_server(gate + JWKS_PATH).streamable_http_app(transport_security=security)


def main() -> None:
    """Serve until stopped; only Envoy has a certificate that opens the door."""
    serve(Witness(tool(sys.argv[1])), Tls(PKI / "docs.pem", PKI / "docs.key", PKI / "roots.pem"))


if __name__ == "__main__":
    main()
