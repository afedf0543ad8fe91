"""Files of Checks with the verdict that each must get, for the load generator.

    python -m bench.corpus FOLDER

| file | what |
|---|---|
| `hot.bin` | one call with one token |
| `mix.bin` | 20,000 calls, drawn by Zipf from 10,000 tokens and 200 tools; 97 % are allowed |
| `uniq.bin` | 60,000 calls, each with another token, six a user |
| `world.json`, `data.json` | the scenario's facts, for the Go floor and for OPA |
| `jwks.json` | the issuer's keys |

A record is a length (32 bits, little-endian), the verdict (8 bits; 1 allows) and the Check.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.checks import Clock, body_of, check_of, claims_of, token_of
from bench.scenario import AUDIENCE, ISSUER, KEY, SEED, Scenario, scenario, zipf
from tests.support.keys import jwks

MIX, UNIQ = 20_000, 60_000
BLIND = 0.05
"""The share of calls that is drawn without a look at what the user may."""

ZIPF = 1.1
Record = tuple[bool, bytes]


class Drawing:
    """Calls of the scenario, drawn with a seed."""

    def __init__(self, drawn: Scenario, clock: Clock) -> None:
        self._scenario = drawn
        self._random = random.Random(SEED + 1)
        self._clock = clock
        self._tokens: dict[int, str] = {}
        self._next_user = zipf(self._random, len(drawn.users), ZIPF)
        self._next_tool = zipf(self._random, len(drawn.tools), ZIPF)

    def hot(self) -> Iterator[Record]:
        """Give one call that is allowed."""
        user, tools = self._scenario.users[0], self._scenario.tools
        tool = next(tool for tool in tools if self._scenario.may_call(user, tool))
        yield self._record(0, tool, 1)

    def mix(self) -> Iterator[Record]:
        """Give calls in which few users and few tools are most of it."""
        for number in range(MIX):
            yield self._call(self._next_user(), number)

    def uniq(self) -> Iterator[Record]:
        """Give calls of all users in turn, each with a token of its own."""
        for number in range(UNIQ):
            user = number % len(self._scenario.users)
            yield self._call(user, number, f"token-{number}")

    def _call(self, user: int, number: int, token_id: str | None = None) -> Record:
        tool = self._tool()
        if self._random.random() >= BLIND:
            while not self._scenario.may_call(self._scenario.users[user], tool):
                tool = self._tool()
        return self._record(user, tool, number, token_id)

    def _tool(self) -> str:
        return self._scenario.tools[self._next_tool()]

    def _record(self, user: int, tool: str, number: int, token_id: str | None = None) -> Record:
        token = self._token(user) if token_id is None else self._another(user, token_id)
        check = check_of(token, body_of(tool, number), number)
        allowed = self._scenario.may_call(self._scenario.users[user], tool)
        return allowed, check.SerializeToString()

    def _token(self, user: int) -> str:
        """Give the one token of that user, which whoever remembers tokens may know."""
        if user not in self._tokens:
            self._tokens[user] = self._another(user, f"token-of-{user}")
        return self._tokens[user]

    def _another(self, user: int, token_id: str) -> str:
        return token_of(claims_of(self._scenario.users[user], self._clock, jti=token_id))


def write_corpus(folder: Path, jwks_url: str = "") -> Clock:
    """Write every file into *folder*; where the keys are fetched from is for the peers' facts."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, clock = scenario(), Clock.started()
    calls = Drawing(drawn, clock)
    for name, records in (("hot", calls.hot()), ("mix", calls.mix()), ("uniq", calls.uniq())):
        write_records(folder / f"{name}.bin", records)
    facts = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": jwks_url}
    world = {**facts, "agents": drawn.agents, "grants": drawn.grants}
    (folder / "world.json").write_text(json.dumps(world))
    # Rego looks up in objects what it would have to search for in lists.
    tables = {
        "jwks": jwks(KEY).decode(),
        "agents": dict.fromkeys(drawn.agents, True),
        "grants": {role: dict.fromkeys(tools, True) for role, tools in drawn.grants.items()},
    }
    (folder / "data.json").write_text(json.dumps({"bench": {**facts, **tables}}))
    (folder / "jwks.json").write_bytes(jwks(KEY))
    return clock


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Write *records* for the load generator."""
    with path.open("wb") as file:
        for allowed, check in records:
            file.write(struct.pack("<IB", len(check), allowed) + check)


def read_records(path: Path) -> Iterable[Record]:
    """Give the records of a file, for whoever replays them in process."""
    content = path.read_bytes()
    at, head = 0, struct.calcsize("<IB")
    while at < len(content):
        size, allowed = struct.unpack_from("<IB", content, at)
        at += head + size
        yield bool(allowed), content[at - size : at]


if __name__ == "__main__":
    write_corpus(Path(sys.argv[1]))
