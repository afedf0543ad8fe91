"""Any Check at all gets an explicit answer, and the same one again; none is our fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.directory.compiled import TokenMode
from authz.server.decision_point import DecisionPoint
from authz.wire.headers import HEADERS
from tests.laws.checks import NOW, checks, short
from tests.laws.elsewhere import comparable
from tests.support.direct import KeptRecords
from tests.support.values import replace

TOKEN = "authorization"


def answered(
    request: CheckRequest, decision_point: DecisionPoint, metadata: Mapping[str, str] | None = None
) -> tuple[CheckResponse, dict[str, Any]]:
    """Answer *request* at the instant that its token is good at; give the record too."""
    records = KeptRecords()
    server = replace(decision_point, records=records, clock=lambda: NOW)
    answer = server.answer(request.SerializeToString(), "out", metadata or {})
    (record,) = records.rows
    loaded: dict[str, Any] = json.loads(json.dumps(record))
    return CheckResponse.FromString(answer), loaded


def takes_token(record: Mapping[str, Any], decision_point: DecisionPoint) -> bool:
    """Say whether an allow must have a token: by the directory, unless it is a public operation."""
    directory = decision_point.world.directory
    return record["step"] != 0 and directory.targets[record["target"]].token is TokenMode.MINT


@given(checks(), st.dictionaries(short, short, max_size=1))
def test_always_an_explicit_answer(
    decision_point: DecisionPoint, request: CheckRequest, metadata: dict[str, str]
) -> None:
    """Nothing raises, only an allow has code 0, and it has a token unless none is declared."""
    response, record = answered(request, decision_point, metadata)
    event(record["reason"])
    is_allowed = record["verdict"] == "allow"
    set_names = {option.header.key for option in response.ok_response.headers}

    assert response.HasField("status")
    assert (response.status.code == 0) == is_allowed
    assert (response.WhichOneof("http_response") == "ok_response") == is_allowed
    assert (TOKEN in set_names) == bool(record["token"])
    assert bool(record["token"]) == (is_allowed and takes_token(record, decision_point))
    if not is_allowed:
        assert 200 <= response.denied_response.status.code < 600


@given(checks())
def test_no_caller_causes_our_fault(decision_point: DecisionPoint, request: CheckRequest) -> None:
    """Whatever a caller sends is decided; a fault would hide what it was refused for."""
    _, record = answered(request, decision_point)

    assert record["reason"] != "fault", record["detail"]


@given(checks())
def test_an_allow_is_of_somebody_declared(
    decision_point: DecisionPoint, request: CheckRequest
) -> None:
    """What passes was asked by a proven, active agent, at a target that accepts it, for a scope."""
    _, record = answered(request, decision_point)
    if record["verdict"] != "allow" or record["step"] == 0:
        return
    directory = decision_point.world.directory
    agent, target = directory.agents[record["agent"]], directory.targets[record["target"]]

    assert request.attributes.source.principal in map(str, agent.spiffe_ids)
    assert agent.lifecycle == "active"
    assert target.name in agent.connections
    assert target.accepts(agent.name)
    if record["token"] is None:
        assert all(set(record["required"]) <= set(scopes) for scopes in record["legs"].values())
        return
    assert set(record["token"]["scope"]) <= set(record["required"])
    assert record["token"]["aud"] == target.audience
    for scopes in record["legs"].values():
        assert set(record["token"]["scope"]) <= set(scopes)


@given(checks())
def test_a_public_operation_names_nobody(
    decision_point: DecisionPoint, request: CheckRequest
) -> None:
    """What passes unproven is a declared read of a service: nothing is said of anybody."""
    response, record = answered(request, decision_point)
    if record["verdict"] != "allow" or record["step"] != 0:
        return
    event("public")
    http = request.attributes.request.http
    removed = set(response.ok_response.headers_to_remove)

    assert (record["target"], http.method) == ("tools/search-api", "GET")
    assert http.path.partition("?")[0] == "/healthz"
    assert not http.raw_body
    assert not response.ok_response.headers
    assert set(HEADERS) <= removed
    assert (record["workload"], record["agent"], record["user"]) == (None, None, None)


@given(checks())
def test_same_check_same_record(decision_point: DecisionPoint, request: CheckRequest) -> None:
    """Asked twice, a Check is answered alike, and recorded alike, ids and timings aside."""
    first, first_record = answered(request, decision_point)
    second, second_record = answered(request, decision_point)

    assert comparable(first_record) == comparable(second_record)
    assert first.status == second.status
    assert first.ok_response.headers_to_remove == second.ok_response.headers_to_remove


@given(checks())
def test_nothing_is_echoed(decision_point: DecisionPoint, request: CheckRequest) -> None:
    """An answer is one of few texts: nothing of the request is in it but its id."""
    response, record = answered(request, decision_point)
    body = response.denied_response.body.replace(record["decision"], "")
    if not body:
        return
    told = json.loads(body)
    told.pop("id", None)

    assert json.dumps(told).isascii()
    assert len(json.dumps(told)) < 400
