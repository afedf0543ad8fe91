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
from authz.model.call import Call
from authz.model.instant import Instant
from authz.model.operation import Era, Message, Operation, Protocol, Session, ToolCall, Unknown
from authz.model.outcome import Refused
from authz.model.principals import Authentication, Hop, Login, UserId
from authz.model.reasons import Reason
from authz.policy.reads import Masked
from authz.trial.arguments import Incomplete, rebuilt
from authz.trial.stated import Stated
from authz.trial.told import actor_of

UNREAD = frozenset({Reason.OVERLOADED, Reason.FAULT})
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
    try:
        return _read(record, directory)
    except Incomplete as error:
        raise NotReplayable(str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, NotReplayable):
            raise
        raise NotReplayable("it is no record of this version") from None


def _read(record: Mapping[str, Any], directory: Directory) -> Stated:
    reason = Reason(record["reason"])
    if reason in UNREAD:
        raise NotReplayable(f"nothing was decided: {record['detail']}")
    refused = Refused(reason, f"{record['detail']} (as recorded; it is not tried again)")
    operation, masked = _operation(record["operation"])
    message: Message | Refused = refused
    if record["step"] != READING and operation is not None:
        message = _message(record["operation"], operation)
    login: Login | Refused | None = _login(record, directory)
    if record["step"] == PROVING and reason is not Reason.CREDENTIAL_MISSING:
        login = refused
    return Stated(
        call=_call(record),
        message=message,
        login=login,
        now=Instant(int(datetime.fromisoformat(record["time"]).timestamp())),
        masked=Masked(masked, frozenset(record["headers"])),
    )


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


def _message(told: Mapping[str, Any], operation: Operation) -> Message:
    return Message(Protocol(told["protocol"]), operation, None, Era(told["era"]))


def _operation(told: Mapping[str, Any] | None) -> tuple[Operation | None, frozenset[str]]:
    if told is None:
        return None, frozenset()
    if told["kind"] == "tool_call":
        arguments, masked = rebuilt(told["arguments"])
        return ToolCall(told["tool"], arguments), masked
    return (Session if told["kind"] == "session" else Unknown)(told["method"]), frozenset()


def _login(record: Mapping[str, Any], directory: Directory) -> Login | None:
    subject = record["subject"]
    if subject is None:
        return None
    issuer, _, sub = record["user"].partition("/")
    return Login(
        user=UserId(issuer, sub),
        groups=frozenset(subject["groups"]),
        scopes=frozenset(subject["scopes"]),
        authentication=Authentication(
            level=subject["level"],
            acr=subject["acr"],
            amr=frozenset(subject["amr"]),
            time=Instant(subject["authenticated"]),
        ),
        expires=Instant(subject["expires"]),
        inherited=tuple(Hop(name, actor_of(name, directory)) for name in record["chain"][1:]),
    )
