"""The benchmark's world decides as its scenario says, so what is timed is right."""

from __future__ import annotations

import random
from functools import cache
from itertools import islice
from pathlib import Path
from typing import get_args

import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.sources.declared import read_declared
from authz.telemetry.logs import open_log
from bench.cases import cases, wrong_with
from bench.checks import Clock
from bench.corpus import Drawing, read_records, write_records
from bench.scenario import scenario, zipf
from bench.world import Kind, write_world
from tests.support.direct import KeptRecords
from tests.support.keys import open_signing_keys
from tests.support.values import replace

CLOCK = Clock.started()
SOME = 60


@pytest.fixture(scope="module", params=get_args(Kind))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> DecisionPoint:
    """A server without sockets in the benchmark's world of each kind."""
    home = write_world(tmp_path_factory.mktemp("bench"), request.param)
    keys = open_signing_keys(home / "keys/gate")
    world = read_declared(home).world(keys.public)
    return DecisionPoint(CurrentWorld(world, keys), KeptRecords(), open_log("error"))


def _answer(server: DecisionPoint, check: bytes) -> CheckResponse:
    return CheckResponse.FromString(server.answer(check, "bench", {}))


def test_cases(server: DecisionPoint) -> None:
    """Ours answers each case right, those that the peers get wrong as well."""
    found = {
        case.name: wrong_with(case, _answer(server, case.check.SerializeToString()))
        for case in cases(CLOCK)
    }

    assert not {name: wrong for name, wrong in found.items() if wrong}


def test_calls(server: DecisionPoint) -> None:
    """Calls of the corpora are decided as the corpora say, refusals among them."""
    said = [allowed for allowed, _ in _some()]
    decided = [_answer(server, check).status.code == 0 for _, check in _some()]

    assert decided == said
    assert {True, False} == set(said)


@cache
def _some() -> list[tuple[bool, bytes]]:
    drawing = Drawing(scenario(), CLOCK)
    refused = islice((record for record in drawing.mix() if not record[0]), 5)
    return [*drawing.hot(), *islice(drawing.uniq(), SOME), *refused]


def test_corpus_file(tmp_path: Path) -> None:
    """What was written for the load generator is read back as it was."""
    write_records(tmp_path / "some.bin", _some())

    assert list(read_records(tmp_path / "some.bin")) == _some()


def test_wrong_answers_are_noticed() -> None:
    """A peer's allow is right only if it names the user and takes the credential away."""
    case = next(case for case in cases(CLOCK) if case.allowed)
    answer = CheckResponse()
    answer.ok_response.headers.add().header.key = "x-user"
    unnamed = wrong_with(case, answer)
    answer.ok_response.headers[0].header.value = scenario().users[0].subject
    kept = wrong_with(case, answer)
    answer.ok_response.headers_to_remove.append("authorization")

    assert (unnamed, kept) == (
        "nobody is told who the user is",
        "the credential goes on to the tool",
    )
    assert not wrong_with(case, answer)
    assert wrong_with(replace(case, allowed=False), answer) == "allowed"
    answer.denied_response.status.code = 403
    assert wrong_with(case, answer) == "refused by 403"


def test_users_may_call_what_a_role_may() -> None:
    """A user's two roles give what either of them gives."""
    drawn = scenario()
    user = drawn.users[7]
    granted = {tool for role in user.roles for tool in drawn.grants[role]}

    assert {tool for tool in drawn.tools if drawn.may_call(user, tool)} == granted


def test_zipf_is_skewed() -> None:
    """One number of a hundred is drawn far more often than its share; all numbers are in range."""
    draw = zipf(random.Random(1), 100, 1.1)
    drawn = [draw() for _ in range(2000)]

    assert max(map(drawn.count, set(drawn))) > 10 * len(drawn) / 100
    assert set(drawn) <= set(range(100))


def test_cases_say_what_they_are_about() -> None:
    """No two cases share a name, so a mistake names one of them."""
    names = [case.name for case in cases(CLOCK)]

    assert len(set(names)) == len(names)
    assert any(case.strict for case in cases(CLOCK))
