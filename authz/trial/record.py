"""A decision record to the call that it was about, as far as a record says it.

A record holds no token, no body and few values. What was read of the bytes and
what the credential said stand in it; where those were refused, that is taken
from it as it was found. Values that it masks are made up, by type, and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authz.directory.compiled import Directory
from authz.directory.listening import ByPrincipal
from authz.model.call import Call
from authz.model.instant import EARLIEST, LATEST, Instant
from authz.model.masking import MAX_TEXT
from authz.model.operation import (
    AgentCall,
    Binding,
    Era,
    HttpCall,
    Message,
    Operation,
    PromptUse,
    Protocol,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Refused
from authz.model.principals import (
    Actor,
    Authentication,
    Hop,
    Identity,
    Login,
    Proof,
    UserAlone,
    UserId,
)
from authz.model.reasons import Reason
from authz.model.spiffe import SpiffeId
from authz.policy.reads import Masked
from authz.protocols.mcp_methods import COMPLETE
from authz.steps.idp_token import level_of
from authz.steps.workload import identity_of, read_recorded_principal
from authz.trial.arguments import Incomplete, rebuilt
from authz.trial.shape import NULL, Shape, fits
from authz.trial.stated import Stated
from authz.trial.told import actor_of

_TEXT_OR_NULL = (str, NULL)
RECORD: Shape = {
    "time": str,
    "decision": str,
    "trace": str,
    "listener": str,
    "verdict": str,
    "reason": str,
    "step": int,
    "detail": str,
    "identity": _TEXT_OR_NULL,
    "workload": _TEXT_OR_NULL,
    "client": (NULL, {"iss": str, "sub": str}),
    "user": _TEXT_OR_NULL,
    "chain": ([str], NULL),
    "subject": (
        NULL,
        {
            "groups": [str],
            "scopes": [str],
            "acr": str,
            "amr": [str],
            "authenticated": int,
            "expires": int,
        },
    ),
    "peer": {"principal": str, "address": str},
    "target": _TEXT_OR_NULL,
    "request": {"method": str, "host": str, "path": str},
    "operation": (NULL, {"kind": str, "protocol": str, "era": str, "method": str}),
    "headers": [str],
    "policies": [{"leg": str, "id": str}],
}
"""What is read of a record, here and where it is compared."""

SAID: Mapping[str, Shape] = {
    "tool_call": {"tool": str, "arguments": {}},
    "prompt": {"prompt": str, "arguments": {}},
    "resource": {"resource": str},
    "task": {"writes": bool},
    "agent_call": {"binding": str},
}
"""What operations of a kind say besides."""

UNREAD = frozenset({Reason.OVERLOADED, Reason.FAULT})
UNKNOWN = "it is no record of this version"
READING, PROVING = 1, 3
"""The steps whose refusals depend on what no record holds."""


class NotReplayable(ValueError):
    """A record that cannot be decided again; the message says what of it is missing."""


def read_record(record: Mapping[str, Any], directory: Directory) -> Stated:
    """
    Give the call of a decision record.

    Args:
        record: One line of the decision log, read.
        directory: Says which identity an agent of the chain is proven by.

    Raises:
        NotReplayable: nothing was decided (a fault, too much to do), values are
            missing, or it is no record of this version.
    """
    if not fits(record, RECORD):
        raise NotReplayable(UNKNOWN)
    try:
        return _read(record, directory)
    except Incomplete as error:
        raise NotReplayable(str(error)) from None
    except NotReplayable:
        raise
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise NotReplayable(UNKNOWN) from None


def _read(record: Mapping[str, Any], directory: Directory) -> Stated:
    reason = Reason(record["reason"])
    if reason in UNREAD:
        raise NotReplayable(f"nothing was decided: {record['detail']}")
    if reason is Reason.ALLOW and record["step"] in (READING, PROVING):
        raise NotReplayable(UNKNOWN)
    refused = Refused(reason, f"{record['detail']} (as recorded; it is not tried again)")
    operation, masked = _operation(record["operation"], record["request"]["path"])
    message: Message | Refused = refused
    if record["step"] != READING and operation is not None:
        message = _message(record["operation"], operation)
    login: Login | Refused | None = _login(record, directory)
    if record["step"] == PROVING and reason is not Reason.CREDENTIAL_MISSING:
        login = refused
    return Stated(
        call=_call(record),
        caller=_caller(record, refused, directory),
        message=message,
        login=login,
        now=_time(record["time"]),
        masked=Masked(masked, frozenset(record["headers"])),
    )


def _time(text: str) -> Instant:
    seconds = int(datetime.fromisoformat(text).timestamp())
    if not EARLIEST <= seconds <= LATEST:
        raise NotReplayable(UNKNOWN)
    return Instant(seconds)


def _call(record: Mapping[str, Any]) -> Call:
    peer, request = record["peer"], record["request"]
    return Call(
        decision=record["decision"],
        new_trace=record["trace"],
        listener=record["listener"],
        principal=peer["principal"],
        peer_address=peer["address"],
        target=record["target"],
        method=request["method"],
        path=request["path"],
        host=request["host"],
        headers=dict.fromkeys(record["headers"], ""),
        body=b"",
        is_lossy=False,
        size=0,
        stream="",
        time=None,
    )


def _caller(
    record: Mapping[str, Any], refused: Refused, directory: Directory
) -> Identity | UserAlone | Refused:
    """
    Give whom the proof named; the directory says anew which agent that is.

    A proof that was no good is looked at again only where the record holds it.
    """
    if record["identity"] is None:
        listener = directory.gate.listener(record["listener"])
        if listener is None or listener.identity == ByPrincipal():
            return read_recorded_principal(record["peer"]["principal"], directory)
        return refused
    proof, workload, client = Proof(record["identity"]), record["workload"], record["client"]
    if proof is Proof.NONE:
        return UserAlone()
    if proof is Proof.CLIENT:
        return Identity(proof, Actor(client["iss"], client["sub"]), workload=None)
    return identity_of(SpiffeId.parse(workload), proof)


def _message(told: Mapping[str, Any], operation: Operation) -> Message:
    return Message(Protocol(told["protocol"]), operation, None, Era(told["era"]))


def _whole_path(address: str) -> str:
    path = address.removesuffix("?")
    if len(path) >= MAX_TEXT:
        raise Incomplete("the path was longer than the record holds")
    return path


def _operation(
    told: Mapping[str, Any] | None, address: str
) -> tuple[Operation | None, frozenset[str]]:
    if told is None:
        return None, frozenset()
    kind, method = told["kind"], told["method"]
    if not fits(told, SAID.get(kind, {})):
        raise NotReplayable(UNKNOWN)
    if kind == "http":
        return HttpCall(method, _whole_path(address)), frozenset()
    return _said(kind, method, told)


def _said(kind: str, method: str, told: Mapping[str, Any]) -> tuple[Operation, frozenset[str]]:
    match kind:
        case "tool_call":
            arguments, masked = rebuilt(told["arguments"])
            return ToolCall(told["tool"], arguments, method, told.get("task") is True), masked
        case "prompt":
            arguments, masked = rebuilt(told["arguments"])
            return PromptUse(told["prompt"], arguments, method), masked
        case "resource":
            return ResourceUse(told["resource"], method, method == COMPLETE), frozenset()
        case "task":
            return TaskUse(method, told["writes"]), frozenset()
        case "agent_call":
            return AgentCall(method, Binding(told["binding"])), frozenset()
        case "session":
            return Session(method), frozenset()
    return Unknown(method), frozenset()


def _login(record: Mapping[str, Any], directory: Directory) -> Login | Refused | None:
    """Give what the credential said, as far as the directory still lets it count."""
    subject = record["subject"]
    if subject is None:
        return None
    name, _, sub = record["user"].partition("/")
    issuer, chain = directory.issuers.get(name), record["chain"][1:]
    if issuer is None:
        return Refused(Reason.CREDENTIAL_INVALID, f"there is no Issuer {name} now")
    gone = [agent for agent in chain if agent not in directory.agents]
    if gone:
        return Refused(Reason.CHAIN_REFUSED, f"there is no Agent {gone[0]} now")
    acr = subject["acr"]
    counting = frozenset(f"{name}/{group}" for group in issuer.groups)
    return Login(
        user=UserId(name, sub),
        groups=frozenset(subject["groups"]) & counting,
        scopes=frozenset(subject["scopes"]),
        authentication=Authentication(
            level=level_of(acr or None, issuer),
            acr=acr,
            amr=frozenset(subject["amr"]),
            time=Instant(subject["authenticated"]),
        ),
        expires=Instant(subject["expires"]),
        inherited=tuple(Hop(agent, actor_of(agent, directory)) for agent in chain),
        is_ours=bool(chain),
    )
