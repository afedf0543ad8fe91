"""`refusals: json`: small bodies for 401 and 403, as tools behind a capability gate know them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.directory.compiled import RefusalStyle, TargetKind
from authz.model.operation import HttpCall, Message, Protocol, ToolCall
from authz.model.outcome import Answer, Refused
from authz.model.reasons import Reason
from authz.refusals.render import Refusal, render
from authz.refusals.table import ROWS

DECISION = "0123456789abcdef0123456789abcdef"
WORKLOAD = "spiffe://example.org/ns/research/sa/assistant"
WANTED = frozenset({"search:query", "search:admin"})
REQUEST = Message(Protocol.HTTP, HttpCall("GET", "/search"), None)

BY_STATUS: dict[int, list[Reason]] = {}
for each, row in ROWS.items():
    BY_STATUS.setdefault(row.status, []).append(each)


def answer(reason: Reason, message: Message | None = REQUEST, **other: Any) -> Answer:
    """Render a refusal at a service whose owner chose `json`."""
    known = {"style": RefusalStyle.JSON, "kind": TargetKind.HTTP_SERVICE, "wanted": WANTED}
    return render(Refusal(Refused(reason, "detail"), DECISION, message, None, **(known | other)))


def body_of(found: Answer) -> Any:
    """Read the body, whose type and decision are in headers."""
    headers = dict(found.headers)
    assert headers["content-type"] == "application/json"
    assert headers["x-narrowgate-decision"] == DECISION
    return json.loads(found.body)


@pytest.mark.parametrize("reason", BY_STATUS[403])
@pytest.mark.parametrize("workload", [WORKLOAD, ""])
def test_every_403_has_the_same_three_members(reason: Reason, workload: str) -> None:
    """Who asked and what would be needed; what is not known is empty, never absent."""
    found = answer(reason, workload=workload)
    bare = answer(reason, workload=workload, wanted=frozenset())

    told = {"error": "access denied", "workload": workload}
    assert found.status == 403
    assert body_of(found) == told | {"required": "search:admin search:query"}
    assert body_of(bare) == told | {"required": ""}
    assert "www-authenticate" not in dict(found.headers)


MISSING = {
    Reason.WORKLOAD_UNIDENTIFIED: "missing workload identity",
    Reason.WORKLOAD_UNTRUSTED: "missing workload identity",
    Reason.CREDENTIAL_MISSING: "missing user credential",
    Reason.CREDENTIAL_INVALID: "invalid user credential",
    Reason.STEP_UP_REQUIRED: "stronger login required",
}


@pytest.mark.parametrize("reason", BY_STATUS[401])
def test_every_401(reason: Reason) -> None:
    """It says what is missing and nothing of the operation; HTTP wants a challenge with it."""
    found = answer(reason, workload=WORKLOAD)

    assert found.status == 401
    assert body_of(found) == {"error": MISSING[reason]}
    assert dict(found.headers)["www-authenticate"].startswith("Bearer")


def test_no_login_is_offered_for_a_missing_certificate() -> None:
    """Even where users can log in, the challenge names no metadata: it would not help."""
    audience = "https://search.example"
    at_service = Refused(Reason.WORKLOAD_UNIDENTIFIED, "")
    other = Refused(Reason.CREDENTIAL_MISSING, "")

    def challenge(row: Refused) -> str:
        found = render(Refusal(row, DECISION, REQUEST, audience, RefusalStyle.JSON))
        return dict(found.headers)["www-authenticate"]

    assert challenge(at_service) == "Bearer"
    assert "resource_metadata=" in challenge(other)


@pytest.mark.parametrize("reason", [*BY_STATUS[400], *BY_STATUS[413], *BY_STATUS[503]])
def test_other_statuses_are_problems(reason: Reason) -> None:
    """What nobody was asked for yet, and what is our fault, is told as at any HTTP service."""
    found = answer(reason)

    assert found == answer(reason, style=RefusalStyle.AUTO)
    assert dict(found.headers)["content-type"] == "application/problem+json"


def test_it_is_for_mcp_servers_too() -> None:
    """The owner of any target may choose it; a tool call is then not answered in-band."""
    message = Message(Protocol.MCP, ToolCall("t", {}), 1)

    found = answer(Reason.FORBIDDEN, message, kind=TargetKind.MCP_SERVER, workload=WORKLOAD)

    assert (found.status, body_of(found)["error"]) == (403, "access denied")
