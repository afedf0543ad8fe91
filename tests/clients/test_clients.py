"""`make clients`: the table of the docs is whole and holds, and the trial would see what is wrong.

The client of this clone is tried here, with one shape of each answer; `make clients` tries all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from examples.idp.installation import NotInstalled
from tests.clients.conversation import Outcome, Seen, try_out
from tests.clients.installed import CLIENTS, DRIVERS, ENVIRONMENTS, MODERN, Client, Environment
from tests.clients.shapes import SHAPES, Kept, Read, Shape
from tests.clients.table import DEAD, FILE, cell, column, read, renewed
from tests.support.cases import answers

OWN = [client for client in CLIENTS if client.driver == "py2"]
EVERYDAY = list({(shape.answer, shape.kept): shape for shape in SHAPES}.values())
"""One shape of each answer."""

ELSEWHERE = {
    "denied-modern": "`denied`, as the modern era has it",
    "denied-problem": "no session begins where the target or the connection is unknown",
    "denied-json": "the tool speaks plain HTTP",
    "json-no-workload": "the tool speaks plain HTTP",
    "json-credential": "the tool speaks plain HTTP",
    "denied-json-early": "the tool speaks plain HTTP",
    "bad-problem": "the tool speaks plain HTTP",
    "problem-challenge": "the tool speaks plain HTTP",
    "scope-problem": "the tool speaks plain HTTP",
    "denied-status": "an agent is called by A2A",
    "denied-openai": "a model is called",
    "denied-anthropic": "a model is called",
    "scope-rpc": "the same as `denied-rpc` with another sentence",
    "step-up-http": "the same as `denied-http` with another status",
    "challenge": "the same as `challenge-invalid`",
    "challenge-bare": "no session begins",
    "not-json": "no client writes it",
    "too-large": "the same as `bad-request` with another status",
}
"""Answers that no shape has, and why."""


def test_every_answer_is_tried() -> None:
    """A new answer gets a shape, or a reason why not."""
    tried = {shape.answer for shape in SHAPES if shape.answer}

    assert tried | ELSEWHERE.keys() == answers().keys()
    assert tried & ELSEWHERE.keys() == set()


def test_titles_are_told_apart() -> None:
    """No two rows, and no two columns, go by one name."""
    assert len({shape.title for shape in SHAPES}) == len(SHAPES)
    assert len({column(client) for client in CLIENTS}) == len(CLIENTS)


def test_table_of_the_docs() -> None:
    """It has every shape, every client and no more, and nobody who must live is dead in it."""
    text = FILE.read_text()
    cells = read(text)
    must_live = {shape.title for shape in SHAPES if shape.kept is Kept.ALIVE}

    assert renewed(text, {}) == text
    assert cells.keys() == {(s.title, column(c)) for s in SHAPES for c in CLIENTS}
    for (title, _), said in cells.items():
        word, _, dead = said.partition(", ")
        assert word in set(Read)
        assert dead in {"", DEAD}
        assert not (dead and title in must_live)


def test_table_is_renewed() -> None:
    """What was tried is written, what was not stays; `read` gives back what `renewed` wrote."""
    text = FILE.read_text()
    where = (SHAPES[0].title, column(CLIENTS[0]))
    other = renewed(text, {where: f"lost, {DEAD}"})

    assert read(other) == {**read(text), where: f"lost, {DEAD}"}
    assert renewed(other, {where: read(text)[where]}) == text


@pytest.mark.parametrize("client", CLIENTS, ids=column)
def test_versions_are_those_that_are_pinned(client: Client) -> None:
    """The table names the versions that are installed."""
    name, said = client.title.split()
    if client.environment is not None:
        pinned = ENVIRONMENTS[client.environment].requirements.read_text()
        assert f"{name}=={said} " in pinned
    elif client.driver.endswith(".mjs"):
        package = json.loads((DRIVERS / "package.json").read_text())
        assert package["dependencies"][f"@modelcontextprotocol/{name}"] == said
    else:
        assert version(name) == said


@pytest.fixture(scope="module", params=OWN, ids=column)
def tried(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Client, Mapping[str, Outcome]]:
    """The client of this clone, in the everyday shapes."""
    client: Client = request.param
    return client, try_out(client, EVERYDAY, tmp_path_factory.mktemp("clients"))


@pytest.mark.parametrize("shape", EVERYDAY, ids=lambda shape: shape.title)
def test_everyday(shape: Shape, tried: tuple[Client, Mapping[str, Outcome]]) -> None:
    """It goes as the docs say, and as the gate promises."""
    client, outcomes = tried
    outcome = outcomes[shape.title]

    assert outcome.wrong == ()
    assert cell(outcome) == read(FILE.read_text())[shape.title, column(client)]


DENIED = SHAPES[0]
BY_ITSELF = next(shape for shape in SHAPES if shape.sends is None)
OURS = next(shape for shape in SHAPES if shape.answer is None)
SENTENCE = "Denied: this is not permitted, and repeating it will not help. Decision d1."
ROW = {
    "verdict": "deny",
    "reason": "operation_undeclared",
    "detail": "",
    "decision": "d1",
    "required": None,
    "operation": {"method": "tools/call"},
}
ALLOW = {**ROW, "verdict": "allow", "reason": "allow", "decision": "d0"}
OPENED = {**ALLOW, "operation": {"method": "initialize"}}

READ = [
    ({"result": SENTENCE, "failed": True}, Read.RESULT),
    ({"result": SENTENCE, "failed": False}, Read.OTHER),
    ({"result": SENTENCE.replace("d1", "d2"), "failed": True}, Read.OTHER),
    ({"raised": "E", "text": f"MCP error 403: {SENTENCE}"}, Read.ERROR),
    ({"raised": "E", "text": f'403: {{"jsonrpc": "2.0", "message": "{SENTENCE}"}}'}, Read.RAW),
    ({"raised": "E", "text": "403 Forbidden"}, Read.LOST),
    ({"done": True}, Read.NOTHING),
]


@pytest.mark.parametrize(("told", "expected"), READ)
def test_what_was_read(told: Mapping[str, Any], expected: Read) -> None:
    """The words of the table mean what they say."""
    assert Seen(DENIED, [ALLOW, ROW], frozenset()).read(told) is expected
    assert Seen(DENIED, [ALLOW], frozenset()).read(told) is Read.NOT_SENT


WRONG = [
    (DENIED, ROW, {"d0"}, Outcome(Read.RESULT, is_alive=True), []),
    (DENIED, ROW, {"d0"}, Outcome(Read.RESULT, is_alive=False), ["the session is dead"]),
    (
        DENIED,
        ROW,
        {},
        Outcome(Read.RESULT, is_alive=True),
        ["nothing reached the upstream, so it cannot be told what must not"],
    ),
    (
        DENIED,
        ROW,
        {"d0"},
        Outcome(Read.LOST, is_alive=True),
        ["the agent read: lost, not: result"],
    ),
    (
        DENIED,
        ROW,
        {"d0", "d1"},
        Outcome(Read.RESULT, is_alive=True),
        ["refused for operation_undeclared, and it reached the upstream"],
    ),
    (
        DENIED,
        {**ROW, "reason": "forbidden", "detail": "by x"},
        {"d0"},
        Outcome(Read.RESULT, is_alive=True),
        ["refused for forbidden: by x"],
    ),
    (DENIED, ALLOW, {"d0"}, Outcome(Read.NOT_SENT, is_alive=True), ["it was not refused"]),
    (OURS, {**ROW, "reason": "fault"}, {"d0"}, Outcome(Read.LOST, is_alive=False), []),
    (BY_ITSELF, ALLOW, {"d0"}, Outcome(Read.NOT_SENT, is_alive=True), ["it was not refused"]),
]


@pytest.mark.parametrize(("shape", "row", "reached", "outcome", "expected"), WRONG)
def test_what_is_wrong(
    shape: Shape, row: Mapping[str, Any], reached: set[str], outcome: Outcome, expected: list[str]
) -> None:
    """A trial that did not go as the gate promises says what was wrong."""
    assert (
        list(Seen(shape, [ALLOW, row], frozenset(reached)).wrong(CLIENTS[0], outcome)) == expected
    )


def test_what_a_client_need_not_send() -> None:
    """The modern era has no listening stream that could be refused."""
    seen, outcome = (
        Seen(BY_ITSELF, [ALLOW], frozenset({"d0"})),
        Outcome(Read.NOT_SENT, is_alive=True),
    )

    assert list(seen.wrong(OWN[1], outcome)) == []
    assert OWN[1].mode == MODERN


def test_another_session_is_not_the_same() -> None:
    """A client that opens a session again after it was refused has not kept its own."""
    assert not Seen(DENIED, [OPENED, ROW, ALLOW], frozenset()).opened_again
    assert Seen(DENIED, [OPENED, ROW, OPENED, ALLOW], frozenset()).opened_again


def test_environment(tmp_path: Path) -> None:
    """It is believed while its Python is there and its requirements are these."""
    requirements = tmp_path / "mcp-0.1.txt"
    requirements.write_text("mcp==0.1")
    environment = Environment(requirements, tmp_path)
    with pytest.raises(NotInstalled, match="`make clients` installs it"):
        environment.python()
    environment.program.parent.mkdir(parents=True)
    environment.program.touch()
    environment.done()
    assert environment.python() == environment.program

    requirements.write_text("mcp==0.2")
    with pytest.raises(NotInstalled):
        environment.python()
    requirements.write_text("mcp==0.1")
    environment.program.unlink()
    with pytest.raises(NotInstalled):
        environment.python()
