"""`python -m examples.demo`: run every scene; exit 0 only if each went as told."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from authz.identity.access_token import take_apart
from examples.demo.again import made_again
from examples.demo.agent import switch_tracing_on
from examples.demo.children import ChildFailed, json_lines
from examples.demo.identity.choice import START
from examples.demo.identity.oidc import OidcProvider
from examples.demo.identity.own import OwnIssuer
from examples.demo.identity.port import IdentityProvider
from examples.demo.places import RECORDS, ROOT, SEEN, TOKEN
from examples.demo.plain import plain_http
from examples.demo.reloading import broken_edit, policy_edited, suspended_agent
from examples.demo.rotation import rotated_keys
from examples.demo.scenes import (
    CALLS,
    NotAsTold,
    Told,
    allowed_call,
    forged_headers,
    no_envoy,
    refused_call,
    trail,
)
from examples.demo.stage import Stage, staged
from examples.edge.envoy import EnvoyFailed
from examples.idp.installation import NotInstalled
from examples.idp.provider import ProviderFailed

WIDE_COLUMNS = 124
"""Of a pipe or a file, so that the trail is not cut."""

Scene = Callable[[Stage], Coroutine[Any, Any, Told]]

SCENES: tuple[Scene, ...] = (
    allowed_call,
    *(partial(refused_call, call=call) for call in CALLS),
    forged_headers,
    policy_edited,
    broken_edit,
    suspended_agent,
    plain_http,
    no_envoy,
)

console = Console(
    highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE_COLUMNS
)


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep it running after the scenes")
    parser.add_argument(
        "--idp", choices=START, default=OwnIssuer.kind, help="where the users log in"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    switch_tracing_on()
    try:
        with staged(given.idp) as stage:
            console.print("Envoy, the gate, a tool, a token issuer: all are up.")
            console.print(f"{stage.doors.idp.story}\n", markup=False)
            code = asyncio.run(_play(stage))
            if given.keep:
                _keep(stage)
    except (ChildFailed, EnvoyFailed, NotInstalled, ProviderFailed) as error:
        console.print(f"The demo did not start: {error}", markup=False)
        return 1
    return code


async def _play(stage: Stage) -> int:
    told: list[Told] = []
    for number, scene in enumerate(_scenes(stage.doors.idp), 1):
        try:
            told.append(await scene(stage))
        except NotAsTold as error:
            console.print(f"Scene {number} did not go as told: {error}", style="bold red")
            return 1
        _show(number, told[-1])
    _show_token()
    _show_trail(told)
    try:
        made_again(console)
    except NotAsTold as error:
        console.print(f"Not as recorded: {error}", style="bold red", markup=False)
        return 1
    console.print(f"All {len(told)} scenes went as told.", style="bold green")
    return 0


def _scenes(idp: IdentityProvider) -> tuple[Scene, ...]:
    """Give the scenes that can be played with *idp*: a real provider has more to show."""
    if isinstance(idp, OidcProvider):
        return (*SCENES, partial(rotated_keys, idp=idp))
    return SCENES


def _show(number: int, told: Told) -> None:
    console.print(f"{number}. {told.title}", style="bold")
    for label, text in (("asked", told.asked), ("happened", told.happened), ("why", told.why)):
        console.print(Text(f"   {label:<9}") + Text(text))
    console.print()


def _show_token() -> None:
    claims = take_apart(TOKEN.read_text()).claims
    console.print("The token that the tool saw with the allowed call", style="bold")
    console.print(Text(json.dumps(claims, indent=2)))
    console.print()


def _show_trail(told: list[Told]) -> None:
    columns = ("trace", "agent", "user", "operation", "step", "verdict", "reason", "tool saw")
    table = Table(*columns, title="The trail, by trace id")
    reached = {line.get("x-narrowgate-decision") for line in json_lines(SEEN)}
    for scene in told:
        for row in trail(scene.trace_id):
            operation = row["operation"] or {}
            what = operation.get("tool") or operation.get("method") or "-"
            who = row["agent"] or "-", row["user"] or "-"
            went = str(row["step"]), row["verdict"], row["reason"]
            # A public operation goes on without the name of its decision.
            unnamed = "unnamed" if row["verdict"] == "allow" else "nothing"
            saw = "the call" if row["decision"] in reached else unnamed
            table.add_row(scene.trace_id[:8], *who, what, *went, saw)
    console.print(table)
    console.print(f"Every decision: {RECORDS.relative_to(ROOT)}\n")


def _keep(stage: Stage) -> None:
    call = ".venv/bin/python -m examples.demo.agent research-agent alice"
    for line in (
        "It keeps running until Ctrl-C. Try, in another terminal:",
        f"""  {call} read_page '{{"path": "/workspace/tides"}}'""",
        f"""  {call} read_page '{{"path": "/workspace/../etc/shadow"}}'""",
        f"  curl -s {stage.jwks_url}",
    ):
        console.print(line, markup=False)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
