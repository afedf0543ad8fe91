"""Files of Checks with the verdict that each must get, for the load generator.

    python -m bench.corpus FOLDER

| file | what |
|---|---|
| `hot.bin` | one call with one token |
| `mix.bin` | 20,000 calls, drawn by Zipf from 10,000 tokens and 200 tools; 97 % are allowed |
| `uniq.bin` | 10,000 calls, each with another token |
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

MIX, BLIND = 20_000, 0.05
"""Calls of `mix`, and the share that is drawn without a look at what the user may."""

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
        """Give one call for each user."""
        for number in range(len(self._scenario.users)):
            yield self._call(number, number)

    def _call(self, user: int, number: int) -> Record:
        tool = self._tool()
        if self._random.random() >= BLIND:
            while not self._scenario.may_call(self._scenario.users[user], tool):
                tool = self._tool()
        return self._record(user, tool, number)

    def _tool(self) -> str:
        return self._scenario.tools[self._next_tool()]

    def _record(self, user: int, tool: str, number: int) -> Record:
        check = check_of(self._token(user), body_of(tool, number), number)
        allowed = self._scenario.may_call(self._scenario.users[user], tool)
        return allowed, check.SerializeToString()

    def _token(self, user: int) -> str:
        """Give the one token of that user; a second one would be new to every memory."""
        if user not in self._tokens:
            self._tokens[user] = token_of(claims_of(self._scenario.users[user], self._clock))
        return self._tokens[user]


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
