"""The public HTTP face: our keys for whoever verifies our tokens, and probes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from authz.server.http_server import HttpServer
from authz.settings import HttpAddress
from authz.tokens.schedule import CACHED

JWKS_PATH = "/.well-known/jwks.json"


class HttpFace(HttpServer):
    """JWKS and probes on one address; `/readyz` says no until `announce_ready`."""

    def __init__(
        self,
        address: HttpAddress,
        jwks: Callable[[], bytes],
        standing: Callable[[], Mapping[str, object]],
    ) -> None:
        """
        Bind *address*.

        Args:
            address: Where to listen.
            jwks: Gives the key set of this moment.
            standing: Gives what `/readyz` says beside yes or no, as JSON.

        Raises:
            OSError: it cannot be bound.
        """
        self._ready = threading.Event()
        self._unable = threading.Event()
        super().__init__("http", address, self._application(jwks, standing))

    def _application(
        self, jwks: Callable[[], bytes], standing: Callable[[], Mapping[str, object]]
    ) -> Starlette:
        def keys(_request: Request) -> Response:
            headers = {"cache-control": f"public, max-age={CACHED}"}
            return Response(jwks(), media_type="application/jwk-set+json", headers=headers)

        def live(_request: Request) -> Response:
            return PlainTextResponse("live\n")

        def ready(_request: Request) -> Response:
            is_ready = self._ready.is_set() and not self._unable.is_set()
            text = json.dumps({"ready": is_ready, **standing()}) + "\n"
            code = 200 if is_ready else 503
            return Response(text, status_code=code, media_type="application/json")

        return Starlette(
            routes=[Route(JWKS_PATH, keys), Route("/livez", live), Route("/readyz", ready)]
        )

    def announce_ready(self) -> None:
        """Let `/readyz` say yes."""
        self._ready.set()

    def announce_outage(self) -> None:
        """Let `/readyz` say no while what every answer needs is not there."""
        self._unable.set()

    def announce_recovery(self) -> None:
        """Let `/readyz` say yes again, if it is ready otherwise."""
        self._unable.clear()

    def announce_stop(self) -> None:
        """Let `/readyz` say no, while what is under way goes on."""
        self._ready.clear()
