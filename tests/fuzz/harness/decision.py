"""A whole decision over the worked world: any bytes in, an explicit answer out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.message import DecodeError

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.directory.compiled import Target, TargetKind, TokenMode
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from authz.telemetry.logs import open_log
from tests.fuzz.harness.check import WORDS as CHECK_WORDS
from tests.fuzz.harness.check import mutated
from tests.fuzz.harness.message import WORDS as MESSAGE_WORDS
from tests.support.cases import Case, all_cases, case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.values import replace
from tests.support.worlds import load_world, prepare_home

__all__ = ["WORDS", "entry", "mutated", "seeds"]

NOW = case_named("search-allowed").now
WORDS = (*CHECK_WORDS, *MESSAGE_WORDS)
AUTHORIZATION = "authorization"


@cache
def _decision_point() -> DecisionPoint:
    with TemporaryDirectory() as folder:
        world, keys = load_world(prepare_home(Path(folder)))
    log = open_log("critical")
    return DecisionPoint(CurrentWorld(world, keys), KeptRecords(), log, clock=lambda: NOW)


@cache
def _cases() -> tuple[Case, ...]:
    return tuple(case for case in all_cases() if case.now == NOW)


@cache
def _signed() -> frozenset[str]:
    """Give what keys of the world have signed: no other credential may be believed."""
    rows = (value for case in _cases() for name, value in case.headers if name == AUTHORIZATION)
    return frozenset(row.removeprefix("Bearer ").rpartition(".")[0] for row in rows)


def entry(data: bytes) -> None:
    """Every answer is an explicit no, or a yes that the record and the Check justify."""
    records = KeptRecords()
    answer = replace(_decision_point(), records=records).answer(data, "out", {})
    response = CheckResponse.FromString(answer)
    (record,) = records.rows
    assert response.HasField("status")
    if response.status.code == 0:
        _check_allow(CheckRequest.FromString(data), response, record)
        return
    assert response.WhichOneof("http_response") == "denied_response"
    assert 200 <= response.denied_response.status.code < 600
    assert record["verdict"] != "allow"
    assert not record["token"]
    assert record["reason"] != "fault" or _is_no_check(data), record["detail"]


def _is_no_check(data: bytes) -> bool:
    try:
        CheckRequest.FromString(data)
    except DecodeError:
        return True
    return False


def _check_allow(request: CheckRequest, response: CheckResponse, record: dict[str, Any]) -> None:
    assert response.WhichOneof("http_response") == "ok_response"
    assert record["verdict"] == "allow"
    told = {row.header.key for row in response.ok_response.headers}
    target = _decision_point().world.directory.targets[record["target"]]
    if record["step"] == 0:
        assert target.kind is TargetKind.HTTP_SERVICE
        assert (record["agent"], record["user"], record["token"], told) == (None, None, None, set())
        return
    _check_declared(request, record, target)
    if target.token is TokenMode.NONE:
        assert record["token"] is None
        assert AUTHORIZATION not in told
    else:
        _check_token(record, target)
    _check_credential(request, record)


def _check_declared(request: CheckRequest, record: dict[str, Any], target: Target) -> None:
    agent, attributes = (
        _decision_point().world.directory.agents[record["agent"]],
        request.attributes,
    )
    assert attributes.source.principal in map(str, agent.spiffe_ids)
    assert agent.lifecycle == "active"
    assert attributes.context_extensions["target"] == target.name
    assert target.name in agent.connections
    assert target.accepts(agent.name)


def _check_token(record: dict[str, Any], target: Target) -> None:
    token = record["token"]
    assert token["aud"] == target.audience
    assert set(token["scope"]) <= set(record["required"])
    assert all(set(token["scope"]) <= set(row) for row in record["legs"].values())


def _check_credential(request: CheckRequest, record: dict[str, Any]) -> None:
    http = request.attributes.request.http
    sent = [value for name, value in http.headers.items() if name.lower() == AUTHORIZATION]
    sent += [
        row.value or row.raw_value.decode("latin-1")
        for row in http.header_map.headers
        if row.key.lower() == AUTHORIZATION
    ]
    if not sent:
        assert record["user"] is None
        return
    (credential,) = sent
    scheme, _, token = credential.partition(" ")
    assert scheme.lower() == "bearer"
    assert token.strip().rpartition(".")[0] in _signed()


def seeds() -> Iterator[bytes]:
    """Give the Checks of all cases of that instant."""
    yield from (check_of(case).SerializeToString() for case in _cases())
