"""One error in the words of whoever asked: JSON-RPC, a problem, A2A's status, a sentence, or as
the provider of a model would say it.

RFC 9457 for problems; google.rpc.Status with an ErrorInfo for A2A by REST, whose
client shows its text only with a reason that it knows; over gRPC Envoy makes the
status of the HTTP one, and the body is its message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from authz.directory.compiled import TargetKind
from authz.model.headers import DECISION
from authz.model.operation import AgentCall, Binding, HttpCall, Message, Provider
from authz.model.outcome import Answer

JSON_TYPE = "application/json"
PROBLEM_TYPE = "application/problem+json"
TEXT_TYPE = "text/plain; charset=utf-8"

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    413: "Content Too Large",
    503: "Service Unavailable",
}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    413: "INVALID_ARGUMENT",
    503: "UNAVAILABLE",
}

_MODEL_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    413: "invalid_request_error",
    503: "api_error",
}


class Shape(StrEnum):
    """How an error is written."""

    RPC = "json-rpc"
    PROBLEM = "problem"
    STATUS = "google.rpc.Status"
    SENTENCE = "sentence"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"


class Error(Struct, frozen=True, gc=False):
    """What is said, whatever it is written in."""

    status: int
    """Of HTTP."""

    code: int
    """Of JSON-RPC."""

    sentence: str
    told: str
    """The one word for a machine."""

    decision: str
    request_id: int | str | None

    @property
    def text(self) -> str:
        """The sentence, with the decision to ask about."""
        return f"{self.sentence} Decision {self.decision}."


def shape_of(kind: TargetKind | None, message: Message | None) -> Shape:
    """Give the shape that the caller of a target understands; JSON-RPC where nobody knows."""
    match message:
        case Message(operation=HttpCall(provider=Provider.OPENAI)):
            return Shape.OPENAI
        case Message(operation=HttpCall(provider=Provider.ANTHROPIC)):
            return Shape.ANTHROPIC
        case Message(operation=AgentCall(binding=Binding.REST)):
            return Shape.STATUS
        case Message(operation=AgentCall(binding=Binding.GRPC)):
            return Shape.SENTENCE
    return Shape.PROBLEM if kind is TargetKind.HTTP_SERVICE else Shape.RPC


def write_error(shape: Shape, error: Error, *headers: tuple[str, str]) -> Answer:
    """Write *error*, with *headers* besides."""
    match shape:
        case Shape.RPC:
            return write_json(error.status, error.decision, _rpc(error), *headers)
        case Shape.PROBLEM:
            named = (("content-type", PROBLEM_TYPE), (DECISION, error.decision), *headers)
            return Answer(error.status, named, _written(_problem(error)))
        case Shape.STATUS:
            return write_json(error.status, error.decision, _status(error), *headers)
        case Shape.SENTENCE:
            named = (("content-type", TEXT_TYPE), (DECISION, error.decision), *headers)
            return Answer(error.status, named, error.text.encode("ascii"))
        case Shape.OPENAI:
            return write_json(error.status, error.decision, _openai(error), *headers)
        case Shape.ANTHROPIC:
            return write_json(error.status, error.decision, _anthropic(error), *headers)
        case other:
            assert_never(other)


def write_json(
    status: int, decision: str, body: Mapping[str, object], *headers: tuple[str, str]
) -> Answer:
    """Write *body* as JSON; the decision id is always in its header."""
    named = (("content-type", JSON_TYPE), (DECISION, decision), *headers)
    return Answer(status, named, _written(body))


def _written(body: Mapping[str, object]) -> bytes:
    return json.dumps(body).encode("ascii")


def _rpc(error: Error) -> Mapping[str, object]:
    data = {"reason": error.told, "decision": error.decision}
    told = {"code": error.code, "message": error.text, "data": data}
    return {"jsonrpc": "2.0", "id": error.request_id, "error": told}


def _problem(error: Error) -> Mapping[str, object]:
    return {
        "type": "about:blank",
        "title": _TITLES[error.status],
        "status": error.status,
        "detail": error.sentence,
        "decision": error.decision,
    }


def _status(error: Error) -> Mapping[str, object]:
    known = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "UNSUPPORTED_OPERATION",
        "domain": "a2a-protocol.org",
        "metadata": {"decision": error.decision},
    }
    status, code = _STATUSES[error.status], error.status
    return {"error": {"code": code, "status": status, "message": error.text, "details": [known]}}


def _openai(error: Error) -> Mapping[str, object]:
    kind = _MODEL_TYPES[error.status]
    return {"error": {"message": error.text, "type": kind, "param": None, "code": error.told}}


def _anthropic(error: Error) -> Mapping[str, object]:
    kind = _MODEL_TYPES[error.status]
    return {"type": "error", "error": {"type": kind, "message": error.text}}
