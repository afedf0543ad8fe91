"""An MCP server made with the official SDK, which does whatever it is asked for."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any, Self

import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    GetPromptRequestParams,
    GetPromptResult,
    ListToolsResult,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextContent,
    TextResourceContents,
    Tool,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from authz.model.headers import DECISION

RAN = "it ran"
RAN_AS_TEXT = TextContent(type="text", text=RAN)
_DECISION = DECISION.encode("ascii")


class McpUpstream:
    """Streamable HTTP on a free loopback port, for both eras of MCP."""

    def __init__(self, tools: set[str]) -> None:
        self.ran: list[str] = []
        """What was asked for, in order: tools and prompts by name, URIs, values to complete."""

        self.reached: list[str] = []
        """The decision of each request that came here, tool call or not."""

        listed = [Tool(name=name, input_schema={"type": "object"}) for name in sorted(tools)]

        async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
            return ListToolsResult(tools=listed)

        async def call_tool(_context: Any, params: CallToolRequestParams) -> CallToolResult:
            self.ran.append(params.name)
            return CallToolResult(content=[TextContent(type="text", text=RAN)])

        async def get_prompt(_context: Any, params: GetPromptRequestParams) -> GetPromptResult:
            self.ran.append(params.name)
            return GetPromptResult(messages=[PromptMessage(role="user", content=RAN_AS_TEXT)])

        async def read_resource(
            _context: Any, params: ReadResourceRequestParams
        ) -> ReadResourceResult:
            self.ran.append(params.uri)
            contents = TextResourceContents(uri=params.uri, text=RAN)
            return ReadResourceResult(contents=[contents])

        async def complete(_context: Any, params: CompleteRequestParams) -> CompleteResult:
            self.ran.append(params.argument.value)
            return CompleteResult(completion=Completion(values=[RAN]))

        server: Server[Any] = Server(
            "any",
            on_list_tools=list_tools,
            on_call_tool=call_tool,
            on_get_prompt=get_prompt,
            on_read_resource=read_resource,
            on_completion=complete,
        )
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        application = self._noted(server.streamable_http_app(transport_security=security))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application, log_level="error", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))

    def _noted(self, application: ASGIApp) -> ASGIApp:
        """Note the decisions of the requests to *application*."""

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            found = [value for name, value in scope.get("headers", ()) if name == _DECISION]
            self.reached.extend(value.decode("ascii") for value in found)
            await application(scope, receive, send)

        return noting

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._socket.close()
