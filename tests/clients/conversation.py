"""One client in one shape of refusal: it is let in, refused, and let in again."""

from __future__ import annotations

import json
import select
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.clients.floor import TRANSPORT, Floor, Health, running_floor
from tests.clients.installed import LEGACY, ROOT, Client
from tests.clients.shapes import PROMISED, Kept, Read, Shape, call_of
from tests.support.cases import answers, case_named
from tests.support.direct import KeptRecords
from tests.support.edge import headers_of
from tests.support.mcp_upstream import RAN
from tests.support.values import replace
from tests.support.waiting import wait_until
from tests.support.worlds import load_world, prepare_home

LIMIT_SECONDS = 30
"""For one line of a driver, which gives its client 10 s."""

OPENERS = frozenset({"initialize", "server/discover"})
AFTERWARDS = 2
"""Good calls after a refusal: a client may die of it while the first is under way."""

Told = Mapping[str, Any]


class DriverFailed(Exception):
    """A driver ended, or says nothing."""


@dataclass(frozen=True)
class Driver:
    """A running client program."""

    process: subprocess.Popen[bytes]

    def ask(self, command: Mapping[str, Any]) -> Told:
        """
        Send a command, and give what the client made of it.

        Raises:
            DriverFailed: no line came back.
        """
        stdin, stdout = _pipes(self.process)
        stdin.write(json.dumps(command).encode() + b"\n")
        stdin.flush()
        ready, _, _ = select.select([stdout], [], [], LIMIT_SECONDS)
        line = stdout.readline() if ready else b""
        if not line:
            raise DriverFailed(f"no answer to {command['do']}")
        told: Told = json.loads(line)
        return told


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


@contextmanager
def running_driver(client: Client) -> Iterator[Driver]:
    """Run the program that drives *client*; it ends with its standard input."""
    with subprocess.Popen(
        client.command(),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield Driver(process)
        finally:
            _pipes(process)[0].close()
            try:
                process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Outcome:
    """What became of one client in one shape."""

    read: Read
    is_alive: bool
    wrong: tuple[str, ...] = ()
    """What is not as the gate promises it."""


def try_out(client: Client, shapes: Iterable[Shape], folder: Path) -> dict[str, Outcome]:
    """Try *client* in *shapes*, by title, at a gate in *folder* that has not met it yet."""
    world, keys = load_world(prepare_home(folder))
    # Faults are brought about on purpose: what the log says of them is nobody's concern here.
    point = DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("critical"))
    with running_floor(point, folder) as floor, running_driver(client) as driver:
        return {shape.title: converse(driver, client, shape, floor) for shape in shapes}


def converse(driver: Driver, client: Client, shape: Shape, floor: Floor) -> Outcome:
    """Open a session, make a good call, be refused, and make good calls again."""
    floor.gate.clock.moment = case_named(shape.session).now
    start = len(floor.records())
    opened = driver.ask(_connect(client, shape, floor))
    good = call_of(shape.allowed)
    first = driver.ask(good)
    if opened.get("version") != client.version or not _is_good(first):
        return Outcome(Read.NOT_SENT, is_alive=False, wrong=(f"it never began: {opened}, {first}",))
    ran = len(floor.upstream.ran)
    told = _refused(driver, client, shape, floor, start)
    leaked = floor.upstream.ran[ran:]
    after = [_is_good(driver.ask(good)) for _ in range(AFTERWARDS)]
    ran_after = floor.upstream.ran[ran:]
    driver.ask({"do": "close"})
    seen = Seen(shape, floor.records()[start:], frozenset(floor.upstream.reached))
    is_alive = all(after) and ran_after == [good["tool"]] * AFTERWARDS and not seen.opened_again
    outcome = Outcome(seen.read(told), is_alive)
    wrong = [f"{tool} ran" for tool in leaked] + list(seen.wrong(client, outcome))
    return replace(outcome, wrong=tuple(wrong))


def _connect(client: Client, shape: Shape, floor: Floor) -> Mapping[str, Any]:
    case = case_named(shape.session)
    certificate, key = floor.identity_of(case)
    return {
        "do": "connect",
        "url": f"https://127.0.0.1:{floor.port}{case.path}",
        "roots": str(floor.authority.roots),
        "certificate": str(certificate),
        "key": str(key),
        "mode": client.mode,
        "headers": {k: v for k, v in headers_of(case) if k not in TRANSPORT},
        # What a client sends by itself when it connects is refused then.
        "by_verb": shape.altered.by_verb if shape.altered and shape.sends is None else {},
    }


def _is_good(told: Told) -> bool:
    return told.get("result") == RAN and not told["failed"]


def _refused(driver: Driver, client: Client, shape: Shape, floor: Floor, start: int) -> Told:
    """Bring the refusal about, and give what the client told of it."""
    if shape.sends is None:
        if client.mode == LEGACY:
            wait_until(lambda: bool(_denials(floor.records()[start:])))
        return {"done": True}
    driver.ask({"do": "headers", "by_verb": shape.altered.by_verb if shape.altered else {}})
    floor.state.health = shape.health
    try:
        return driver.ask(shape.sends)
    finally:
        floor.state.health = Health.WELL
        driver.ask({"do": "headers", "by_verb": {}})


Row = Mapping[str, Any]


def _denials(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["verdict"] != "allow"]


@dataclass(frozen=True)
class Seen:
    """What the gate recorded of one conversation, and which decisions reached the upstream."""

    shape: Shape
    rows: Sequence[Row]
    reached: frozenset[str]

    @property
    def denied(self) -> Sequence[Row]:
        """The records of refusals."""
        return _denials(self.rows)

    @property
    def opened_again(self) -> bool:
        """Whether the client opened a session once more, after it was refused."""
        first = self.rows.index(self.denied[0]) if self.denied else len(self.rows)
        return any((row["operation"] or {}).get("method") in OPENERS for row in self.rows[first:])

    def read(self, told: Told) -> Read:
        """Say what the agent was told of the refusal."""
        if not self.denied:
            return Read.NOT_SENT
        if told.get("done"):
            return Read.NOTHING
        if "result" in told:
            is_ours = told["failed"] and told["result"] in self.sentences
            return Read.RESULT if is_ours else Read.OTHER
        if not any(sentence in told["text"] for sentence in self.sentences):
            return Read.LOST
        return Read.RAW if '"jsonrpc"' in told["text"] else Read.ERROR

    @property
    def sentences(self) -> Sequence[str]:
        """What an agent should read of each refusal; of a fault of ours, whom to ask about."""
        body = answers()[self.shape.answer]["body"] if self.shape.answer else None
        text = _text_of(body) if body else "Decision <decision>."
        return [
            text.replace("<scope>", " ".join(row["required"] or ())).replace(
                "<decision>", row["decision"]
            )
            for row in self.denied
        ]

    def wrong(self, client: Client, outcome: Outcome) -> Iterator[str]:
        """Tell what is not as the gate promises it."""
        if not any(row["decision"] in self.reached for row in self.rows):
            yield "nothing reached the upstream, so it cannot be told what must not"
        for row in self.denied:
            if Reason(row["reason"]) not in self.shape.reasons:
                yield f"refused for {row['reason']}: {row['detail']}"
            if row["decision"] in self.reached:
                yield f"refused for {row['reason']}, and it reached the upstream"
        if outcome.read is Read.NOT_SENT:
            if client.mode == LEGACY or self.shape.sends is not None:
                yield "it was not refused"
        elif self.shape.kept is Kept.ALIVE:
            promised = PROMISED[self.shape.answer or ""]
            if outcome.read is not promised:
                yield f"the agent read: {outcome.read}, not: {promised}"
        if self.shape.kept is Kept.ALIVE and not outcome.is_alive:
            yield "the session is dead"


def _text_of(body: Any) -> str:
    """Give the sentence in the body of an answer."""
    if "error" in body:
        return str(body["error"]["message"])
    return str(body["result"]["content"][0]["text"])
