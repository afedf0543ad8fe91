"""One refusal in the words of whoever asked: problems for HTTP, and what each A2A binding reads."""

from __future__ import annotations

import json
from typing import Any

import pytest

from authz.directory.compiled import RefusalStyle, TargetKind
from authz.model.operation import AgentCall, Binding, HttpCall, Message, Protocol, Provider
from authz.model.outcome import Answer, Refused
from authz.model.reasons import Reason
from authz.refusals.render import Refusal, render
from authz.refusals.table import ROWS, Family

DECISION = "0123456789abcdef0123456789abcdef"
AUDIENCE = "https://search.example"
METADATA = "https://search.example/.well-known/oauth-protected-resource"
HTTP = Message(Protocol.HTTP, HttpCall("GET", "/search"), None)
STYLES = [style for style in RefusalStyle if style is not RefusalStyle.JSON]
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    413: "Content Too Large",
    503: "Service Unavailable",
}


def at_service(reason: Reason, message: Message | None = HTTP, **other: Any) -> Answer:
    """Render a refusal at an HTTP service."""
    row = Refused(reason, "detail", required=frozenset({"search:query"}))
    known: dict[str, Any] = {"kind": TargetKind.HTTP_SERVICE}
    return render(Refusal(row, DECISION, message, AUDIENCE, **(known | other)))


def at_agent(reason: Reason, binding: Binding, request_id: int | None = None) -> Answer:
    """Render a refusal at an agent."""
    message = Message(Protocol.A2A, AgentCall("SendMessage", binding), request_id)
    row = Refused(reason, "detail")
    return render(Refusal(row, DECISION, message, AUDIENCE, kind=TargetKind.AGENT))


@pytest.mark.parametrize("reason", ROWS)
@pytest.mark.parametrize("style", STYLES)
def test_plain_http_gets_problems(style: RefusalStyle, reason: Reason) -> None:
    """Every refusal of a service is RFC 9457, with the status of its row, read or unread."""
    for message in (HTTP, None):
        found = at_service(reason, message, style=style)
        body, status = json.loads(found.body), ROWS[reason].status
        if ROWS[reason].family is Family.DENIED and message is None:
            continue  # Nobody is denied before the request is read.
        assert found.status == status
        assert dict(found.headers)["content-type"] == "application/problem+json"
        assert body.keys() == {"type", "title", "status", "detail", "decision"}
        assert (body["type"], body["title"]) == ("about:blank", TITLES[status])
        assert (body["status"], body["decision"]) == (status, DECISION)
        assert DECISION not in body["detail"]


def test_problem_of_a_denial() -> None:
    """The one sentence that serves every denial."""
    assert json.loads(at_service(Reason.NO_PERMIT).body) == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "Denied: this is not permitted, and repeating it will not help.",
        "decision": DECISION,
    }


def test_challenges_of_a_service() -> None:
    """A 401 has its challenge; a scope is asked for only of who can get it."""
    missing = dict(at_service(Reason.CREDENTIAL_MISSING).headers)
    invalid = dict(at_service(Reason.CREDENTIAL_INVALID).headers)
    narrow = at_service(Reason.INSUFFICIENT_SCOPE)
    curable = at_service(Reason.INSUFFICIENT_SCOPE, may_challenge=True)

    assert missing["www-authenticate"] == f'Bearer resource_metadata="{METADATA}"'
    assert 'error="invalid_token"' in invalid["www-authenticate"]
    assert "www-authenticate" not in dict(narrow.headers)
    assert "search:query" in json.loads(narrow.body)["detail"]
    assert 'scope="search:query"' in dict(curable.headers)["www-authenticate"]


def test_fault_at_a_service_says_when_to_come_back() -> None:
    """A 503 has `Retry-After` in every shape."""
    assert dict(at_service(Reason.FAULT).headers)["retry-after"] == "1"


def test_a2a_json_rpc() -> None:
    """Its clients read an error in-band, by its id; an HTTP error loses the text."""
    found = at_agent(Reason.OPERATION_UNDECLARED, Binding.JSON_RPC, 7)

    assert found.status == 200
    assert json.loads(found.body)["id"] == 7
    assert json.loads(found.body)["error"]["code"] == 403


def test_a2a_rest() -> None:
    """Its client tells the text only with a reason that it knows."""
    found = at_agent(Reason.OPERATION_UNDECLARED, Binding.REST)
    error = json.loads(found.body)["error"]
    (info,) = error["details"]

    assert (found.status, error["code"], error["status"]) == (403, 403, "PERMISSION_DENIED")
    assert error["message"].endswith(f"Decision {DECISION}.")
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (info["reason"], info["domain"]) == ("UNSUPPORTED_OPERATION", "a2a-protocol.org")


def test_a2a_grpc() -> None:
    """Envoy makes the gRPC status of the HTTP one, and the message of a plain sentence."""
    found = at_agent(Reason.OPERATION_UNDECLARED, Binding.GRPC)

    assert found.status == 403
    assert dict(found.headers)["content-type"] == "text/plain; charset=utf-8"
    assert found.body.decode() == (
        f"Denied: this is not permitted, and repeating it will not help. Decision {DECISION}."
    )


@pytest.mark.parametrize("binding", Binding)
def test_undeclared_connection_is_a_problem(binding: Binding) -> None:
    """It looks like no target at all, whatever stands behind the route."""
    found = at_agent(Reason.CONNECTION_UNDECLARED, binding, 7)
    unknown = render(
        Refusal(Refused(Reason.TARGET_UNKNOWN, ""), DECISION, HTTP, None, RefusalStyle.AUTO)
    )

    assert found == unknown == at_service(Reason.CONNECTION_UNDECLARED)


@pytest.mark.parametrize("reason", ROWS)
@pytest.mark.parametrize("provider", Provider)
def test_models(provider: Provider, reason: Reason) -> None:
    """A client of a model reads its provider's kind of error, under the status of the row."""
    call = HttpCall("POST", "/v1/messages", provider)
    found = at_service(reason, Message(Protocol.MODEL, call, None))
    if ROWS[reason].family is Family.UNROUTED:
        return  # It looks like no target at all.
    error = json.loads(found.body)["error"]

    assert found.status == ROWS[reason].status
    assert error["message"].endswith(f"Decision {DECISION}.")
    assert error["type"].endswith("_error")
    assert ("code" in error) is (provider is Provider.OPENAI)
