"""Scrapes of the demo while its scenes are played: of the gate, and of the Envoy before it."""

from __future__ import annotations

import asyncio
import os
import socket
import time
import urllib.request

from examples.demo.__main__ import SCENES
from examples.demo.agent import switch_tracing_on
from examples.demo.identity.oidc import OidcProvider
from examples.demo.places import FOLDER
from examples.demo.stage import Stage, staged
from examples.edge.envoy import fetch
from tools.observed.engine import Scrape

ENVOY = "envoy"
GATE = "narrowgate"
SECONDS = 10


def scraped() -> list[Scrape]:
    """Play every scene with a real OpenID provider; give a scrape before, between, and after."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.environ["NARROWGATE_METRICS"] = f"127.0.0.1:{port}"
    switch_tracing_on()
    with staged(OidcProvider.kind) as stage:
        return asyncio.run(_play(stage, f"http://127.0.0.1:{port}/metrics"))


async def _play(stage: Stage, url: str) -> list[Scrape]:
    scrapes = _scrapes(url)
    for scene in SCENES:
        await scene(stage)
        scrapes += _scrapes(url)
    return scrapes


def _scrapes(url: str) -> list[Scrape]:
    with urllib.request.urlopen(url, timeout=SECONDS) as shown:  # noqa: S310 - our own
        gate = shown.read().decode()
    admin = FOLDER / "envoy" / "admin.sock"
    return [
        Scrape(time.time(), GATE, gate),
        Scrape(time.time(), ENVOY, fetch(admin, "/stats/prometheus").decode()),
    ]
