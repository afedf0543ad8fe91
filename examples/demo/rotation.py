"""The scene that only a real provider can play: its keys move while agents work."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from examples.demo.agent import MODES, http_client, session
from examples.demo.identity.oidc import OidcProvider
from examples.demo.scenes import NotAsTold, Told, allowed, must, trail
from examples.demo.stage import Stage

LIMIT_SECONDS = 90
PAUSE_SECONDS = 0.5
REFUSED = 401
AGENT, USER = "research-agent", "alice"

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "demo", "version": "1"},
    },
}
"""The least that an agent can ask for; the gate proves the user's token first."""

MCP = {"content-type": "application/json", "accept": "application/json, text/event-stream"}


@dataclass
class Work:
    """Agents that log their user in and call, again and again."""

    stage: Stage
    calls: Counter[str] = field(default_factory=Counter)
    """Allowed calls by agent."""

    has_ended: bool = False
    turned: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def go_on(self, agent: str) -> None:
        """Call until the end; each call must be allowed."""
        while not self.has_ended:
            async with session(agent, USER, self.stage.doors) as client:
                await allowed(client)
            async with self.turned:
                self.calls[agent] += 1
                self.turned.notify_all()

    async def turn_over(self) -> None:
        """Wait until no agent works with a token of before."""
        enough = {agent: self.calls[agent] + 2 for agent in MODES}
        async with self.turned:
            await self.turned.wait_for(lambda: all(self.calls[a] >= n for a, n in enough.items()))


async def rotated_keys(stage: Stage, idp: OidcProvider) -> Told:
    """Rotate the provider's key under load, then replace it, and try what is worth nothing now."""
    work, trace_id = Work(stage), secrets.token_hex(16)
    working = [asyncio.create_task(work.go_on(agent)) for agent in MODES]
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            worthless = await _rotate(stage, idp, work)
    except TimeoutError:
        raise NotAsTold("the gate did not look at the provider's keys in time") from None
    finally:
        work.has_ended = True
        await asyncio.gather(*working)
    for whose, token in worthless.items():
        status = await _knock(stage, token, trace_id)
        must(status == REFUSED, f"{status} for a token of the {whose} key")
    records = trail(trace_id)
    reasons = [record["reason"] for record in records]
    must(reasons == ["credential_invalid"] * len(worthless), f"the records say {reasons}")
    return Told(
        "Keys that the provider rotates under load, and one that was stolen",
        f"{USER} logs in and searches all the time, through {' and '.join(MODES)}; meanwhile the "
        "provider publishes a key, signs with it, retires the old one, and replaces the new one",
        f"{work.calls.total()} calls were all allowed; {REFUSED} for tokens that are good but for "
        f"their key: {', '.join(worthless)}",
        f"the gate looked at {idp.issuer}/jwks again; {records[0]['detail']}",
        trace_id,
    )


async def _rotate(stage: Stage, idp: OidcProvider, work: Work) -> dict[str, str]:
    """Rotate while there is work, and replace the key after it; give tokens that must not pass."""
    first = await idp.log_in(USER)
    must(await _knock(stage, first, secrets.token_hex(16)) != REFUSED, "a good token is refused")
    await idp.rotate("publish")
    await _looked(stage, idp)
    await idp.rotate("sign")
    await work.turn_over()
    await idp.rotate("retire")
    await work.turn_over()
    work.has_ended = True
    second = await idp.log_in(USER)
    await idp.rotate("replace")
    await _looked(stage, idp)
    third = await idp.log_in(USER)
    must(await _knock(stage, third, secrets.token_hex(16)) != REFUSED, "a good token is refused")
    return {"retired": first, "stolen": second, "foreign": _signed_by_somebody(third)}


async def _looked(stage: Stage, idp: OidcProvider) -> None:
    """Show the gate a key that nobody has, until it looks at the provider's keys again."""
    await idp.seen()
    token = await idp.forged({"sub": USER}, {"typ": "at+jwt", "kid": "nobody's"})
    while "/jwks" not in await idp.seen():
        await _knock(stage, token, secrets.token_hex(16))
        await asyncio.sleep(PAUSE_SECONDS)


async def _knock(stage: Stage, token: str, trace_id: str) -> int:
    """Ask for a session with *token*; give the status that comes back."""
    headers = {**MCP, "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    async with http_client(AGENT, token, headers) as http:
        return (await http.post(stage.doors.url, json=INITIALIZE)).status_code


def _signed_by_somebody(token: str) -> str:
    """Give what *token* says, under the same key id, by a key of our own."""
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", header)
