"""Step 0: a target's protected-resource metadata, answered by us; nothing else is public."""

from __future__ import annotations

import json

import pytest

from authz.server.decision_point import DecisionPoint
from tests.support.cases import Case, case_named
from tests.support.direct import decide_case
from tests.support.values import replace

PATH = "/.well-known/oauth-protected-resource"
CASE = case_named("search-allowed")
READ = replace(CASE, method="GET", path=f"{PATH}/mcp", headers=(), body=b"", principal="")
"""Anybody, without certificate or credential."""


def metadata(case: Case, decision_point: DecisionPoint) -> dict[str, object]:
    """Give the document that *case* is answered with."""
    status, headers, body = decide_case(case, decision_point).answer
    assert (status, headers["content-type"]) == (200, "application/json")
    document: dict[str, object] = json.loads(body)
    return document


@pytest.mark.parametrize("path", [f"{PATH}/mcp", PATH])
def test_metadata(path: str, decision_point: DecisionPoint) -> None:
    """Both addresses that clients try say whose tokens are taken, and what a first login needs."""
    document = metadata(replace(READ, path=path), decision_point)

    assert document == {
        "resource": "https://docs.tools.example/mcp",
        "authorization_servers": [
            "https://idp.example.com",
            "https://login.example.net",
            "https://ops.example.com",
        ],
        "scopes_supported": ["docs:read", "docs:status", "web:fetch"],
        "bearer_methods_supported": ["header"],
    }


def test_issuers_that_the_target_understands(decision_point: DecisionPoint) -> None:
    """A target of one issuer's plain subjects sends nobody to another issuer."""
    payments = case_named("worst-facts")
    read = replace(READ, host=payments.host, target=payments.target)

    document = metadata(read, decision_point)

    assert document["authorization_servers"] == ["https://idp.example.com"]


def test_head(decision_point: DecisionPoint) -> None:
    """A HEAD gets what a GET gets, without the body."""
    decided = decide_case(replace(READ, method="HEAD"), decision_point)

    assert decided.answer == (200, {**decided.answer[1]}, b"")
    assert decided.answer[1].keys() == decide_case(READ, decision_point).answer[1].keys()


def test_the_upstream_sees_nothing(decision_point: DecisionPoint) -> None:
    """It is an explicit denial to Envoy, with a record, and without a token."""
    decided = decide_case(READ, decision_point)

    assert decided.response.status.code != 0
    assert not decided.response.HasField("ok_response")
    record = decided.record
    assert (record["verdict"], record["reason"], record["step"]) == ("allow", "allow", 0)
    assert (record["status"], record["token"]) == (200, None)


@pytest.mark.parametrize(
    "other",
    [
        replace(READ, method="POST"),
        replace(READ, method="get"),
        replace(READ, method="OPTIONS"),
        replace(READ, body=b"{}"),
        replace(READ, path=f"{PATH}/mcp/"),
        replace(READ, path=f"{PATH}/mcp?x=1"),
        replace(READ, path=f"{PATH}/other"),
        replace(READ, path=f"{PATH}/../../mcp"),
        replace(READ, path=f"{PATH.upper()}/mcp"),
        replace(READ, path="/mcp"),
        replace(READ, host="payments.finance.svc.cluster.local"),
        replace(READ, target="tools/other"),
        replace(READ, target=None),
        replace(READ, target="reports/reporting-agent"),
    ],
    ids=lambda case: f"{case.method} {case.host}{case.path} {case.target} {len(case.body)}",
)
def test_not_public(other: Case, decision_point: DecisionPoint) -> None:
    """What is no plain reading of that document has to prove who it is."""
    decided = decide_case(other, decision_point)

    assert decided.answer[0] >= 400
    assert decided.record["step"] != 0
