"""Keeps what reaches a tool, so that the demo can show it."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from examples.demo.places import SEEN

SHOWN = ("x-narrowgate-user", "x-narrowgate-agent", "x-workload-spiffe-id", "x-narrowgate-decision")


class Witness:
    """Notes the identity headers and the token of each request, then lets it through."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request, then let it through."""
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            told: dict[str, Any] = {name: headers[name] for name in SHOWN if name in headers}
            told["token"] = headers.get("authorization", "").removeprefix("Bearer ")
            with SEEN.open("a") as file:
                file.write(json.dumps(told) + "\n")
        await self._application(scope, receive, send)
