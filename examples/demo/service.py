"""A plain HTTP tool of before there were agents: it answers whoever the gate lets through, by name.

    python -m examples.demo.service

It reads no token. What reached it is kept in the same file as what reached the MCP server.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from examples.demo.places import PKI
from examples.demo.serving import Tls, serve
from examples.demo.witness import Witness


def search(request: Request) -> Response:
    """Say who searches, as the gate proved it."""
    workload = request.headers.get("x-workload-spiffe-id")
    return JSONResponse({"found": 1, "for": workload})


def health(_request: Request) -> Response:
    """Answer anybody."""
    return PlainTextResponse("well\n")


def service() -> Starlette:
    """Give the service."""
    return Starlette(routes=[Route("/search", search), Route("/healthz", health)])


def main() -> None:
    """Serve until stopped; only Envoy has a certificate that opens the door."""
    serve(Witness(service()), Tls(PKI / "search.pem", PKI / "search.key", PKI / "roots.pem"))


if __name__ == "__main__":
    main()
