"""Prompts, resources and completions by the official client, refused and not, in one session."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator

import httpx2
import pytest
from mcp import Client
from mcp.client.client import ConnectMode
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from authz.server.decision_point import DecisionPoint
from tests.clients.floor import TRANSPORT, Floor, running_floor
from tests.support.cases import case_named
from tests.support.edge import headers_of

TIMEOUT_SECONDS = 20
MODES: tuple[ConnectMode, ...] = ("legacy", "auto")
PAGES = "docs://pages/{page}"

Use = Callable[[Client], Awaitable[object]]


def prompt(name: str, **arguments: str) -> Use:
    """Give what gets a prompt."""
    return lambda client: client.get_prompt(name, arguments)


def resource(uri: str) -> Use:
    """Give what reads a resource."""
    return lambda client: client.read_resource(uri)


def completion(ref: PromptReference | ResourceTemplateReference, value: str) -> Use:
    """Give what completes an argument."""
    return lambda client: client.complete(ref, {"name": "topic", "value": value}, {"year": "2026"})


USES: tuple[tuple[str, Use, str | None], ...] = (
    ("a prompt", prompt("summarise", topic="tides"), "summarise"),
    ("of what is forbidden", prompt("summarise", topic="salaries"), None),
    ("that is not listed", prompt("review"), None),
    ("a page", resource("docs://pages/high%20tide"), "docs://pages/high%20tide"),
    ("a draft", resource("docs://pages/draft-1"), None),
    ("a page elsewhere", resource("docs://pages/../x"), None),
    ("an argument", completion(PromptReference(name="summarise"), "ti"), "ti"),
    ("of a prompt not listed", completion(PromptReference(name="review"), "to"), None),
    ("a page's name", completion(ResourceTemplateReference(uri=PAGES), "ta"), "ta"),
)
"""What is asked for, and what of it reaches the server; None is refused."""


@pytest.fixture(scope="module")
def floor(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Floor]:
    """The worked world, between the official client and an official server."""
    with running_floor(decision_point, tmp_path_factory.mktemp("uses")) as running:
        yield running


async def converse(floor: Floor, mode: ConnectMode) -> list[str]:
    """Ask for everything in one session, and give what became of each."""
    case = case_named("prompt")
    floor.gate.clock.moment = case.now
    tls = ssl.create_default_context(cafile=str(floor.authority.roots))
    tls.load_cert_chain(*floor.identity_of(case))
    headers = {name: text for name, text in headers_of(case) if name not in TRANSPORT}
    url, told = f"https://127.0.0.1:{floor.port}{case.path}", list[str]()
    async with httpx2.AsyncClient(verify=tls, headers=headers, timeout=TIMEOUT_SECONDS) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=mode, read_timeout_seconds=TIMEOUT_SECONDS) as client:
            for _, use, _ in USES:
                try:
                    await use(client)
                    told.append("passed")
                except MCPError as error:
                    told.append(error.error.message.partition(" Decision")[0])
            assert (await client.list_tools()).tools
    return told


@pytest.mark.parametrize("mode", MODES)
def test_uses(mode: ConnectMode, floor: Floor) -> None:
    """What is refused is told in words, nothing of it reaches the server, and the session lives."""
    before = len(floor.upstream.ran)
    denied = "Denied: this is not permitted, and repeating it will not help."

    told = asyncio.run(converse(floor, mode))

    assert told == ["passed" if reaches else denied for _, _, reaches in USES]
    assert floor.upstream.ran[before:] == [reaches for _, _, reaches in USES if reaches]
