"""Whether a trap met the end that it must: the answer, the record, the upstream, other readers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authz.directory.compiled import Directory, Target
from authz.model.strict_json import JSON, read_json
from authz.protocols.jsonrpc import read_envelope
from tests.hostile.arrived import is_of, strange_arrivals
from tests.hostile.edges import Edges
from tests.hostile.readers import Reader
from tests.hostile.sending import send
from tests.hostile.traps import Trap
from tests.support.cases import answers
from tests.support.clients import Response
from tests.support.upstream import Seen

OF_ANSWERS = frozenset(
    [
        *("content-type", "content-length", "transfer-encoding", "connection", "date", "server"),
        *("www-authenticate", "x-narrowgate-decision", "x-envoy-upstream-service-time"),
        *("grpc-status", "grpc-message"),
    ]
)
"""The header names that an answer of the gate or of Envoy has."""


@dataclass(frozen=True)
class Met:
    """What became of a trap."""

    trap: Trap
    responses: Sequence[Response]
    records: Sequence[Mapping[str, Any]]
    seen: Sequence[Seen]
    wrong_allows: Sequence[str]
    """What reached the upstream and must not have, or would be read otherwise there."""

    wrong_answers: Sequence[str]
    """Whatever else is not as it must be."""

    read_alike: str
    """By whom the call was read as it was judged; empty where nobody was to read it."""


def spring(trap: Trap, edges: Edges, readers: Sequence[Reader], directory: Directory) -> Met:
    """Send *trap* and judge what became of it."""
    edge = edges.at(trap.at)
    edge.gate.clock.moment = trap.case.now
    edge.new_records()
    before = len(edge.upstream.seen)
    responses = send(trap, edge.door(*trap.principals))
    records, seen = edge.new_records(), edge.upstream.seen[before:]
    misread = [*misread_calls(records, seen, readers, directory)]
    return Met(
        trap,
        responses,
        records,
        seen,
        [*_let_through(trap, seen), *strange_arrivals(trap, records, seen, directory), *misread],
        [
            *wrong_answers(trap, responses, records),
            *never_arrived(records, seen),
            *_misunderstood(trap, records, readers),
        ],
        " ".join(reader.language for reader in readers) if seen and not misread else "",
    )


def _let_through(trap: Trap, seen: Sequence[Seen]) -> Iterator[str]:
    expected = [each.path for each in trap.expected if each.reason == "allow"]
    arrived = [each.path for each in seen]
    if Counter(arrived) - Counter(expected):
        yield f"upstream saw {arrived}, expected {expected}"


def wrong_answers(
    trap: Trap, responses: Sequence[Response], records: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    reasons = [record["reason"] for record in records]
    expected = [each.reason for each in trap.expected if each.reason]
    if sorted(reasons) != sorted(expected):
        details = [record["detail"] for record in records]
        yield f"recorded {reasons} {details}, expected {expected}"
    statuses = [response.status for response in responses]
    if statuses != [each.status for each in trap.expected]:
        yield f"answered {statuses}, expected {[each.status for each in trap.expected]}"
    told = {response.headers.get("x-narrowgate-decision") for response in responses} - {None}
    refused = {record["decision"] for record in records if record["reason"] != "allow"}
    if told != refused:
        yield f"answers name the decisions {told}, records {refused}"
    by_decision = {record["decision"]: record for record in records}
    for response in responses:
        yield from _strange_answer(response, by_decision)


def never_arrived(records: Sequence[Mapping[str, Any]], seen: Sequence[Seen]) -> Iterator[str]:
    """Give the decisions that are recorded as allows, and of which the upstream saw nothing."""
    for record in records:
        if record["reason"] == "allow" and not any(is_of(record, each) for each in seen):
            yield f"{record['decision']} was allowed and never arrived"


def _strange_answer(response: Response, records: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Give what an answer has that is neither ours nor Envoy's: nothing of a caller is echoed."""
    if strange := response.headers.keys() - OF_ANSWERS:
        yield f"the answer has the headers {sorted(strange)}"
    record = records.get(response.headers.get("x-narrowgate-decision", ""))
    if record is None or not response.body:
        return
    spelled = " ".join(record["required"] or ())
    known = {*_texts_of_answers(), record["decision"], *(record["required"] or ()), spelled}
    # An answer by `json` names who was proven, by the certificate, and nobody else.
    known |= {record["workload"], record["peer"]["principal"]} - {None}
    for text in _texts(json.loads(response.body), ()):
        plain = text.replace(record["decision"], "<decision>")
        if plain not in known and plain.replace(spelled or "\0", "<scope>") not in known:
            yield f"the answer says {text!r}"


def _texts_of_answers() -> set[str]:
    return {text for answer in answers().values() for text in _texts(answer, ())}


def _texts(value: Any, at: tuple[Any, ...]) -> Iterator[str]:
    """Give every text in *value* but a message's `id`, which is the caller's own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner, (*at, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, (*at, None))
    elif isinstance(value, str) and at != ("id",):
        yield value


def misread_calls(
    records: Sequence[Mapping[str, Any]],
    seen: Sequence[Seen],
    readers: Sequence[Reader],
    directory: Directory,
) -> Iterator[str]:
    """Give in which words another reader's call differs from the judged one."""
    by_decision = {record["decision"]: record for record in records}
    for each in seen:
        record = by_decision.get(each.by_name.get("x-narrowgate-decision", ""))
        if record is None or not each.body or record["operation"]["kind"] == "http":
            continue  # of plain HTTP no body is judged
        judged, names = _judged(each.body, record["operation"], directory.targets[record["target"]])
        for reader in readers:
            said = read_json(json.dumps(reader.read(each.body, names)).encode())
            assert isinstance(said, dict)
            for member in judged.keys() & {"method", "asked", "arguments", "uri", *said}:
                if said.get(member) != judged[member]:
                    yield f"{reader.language} reads {said}, judged was {judged}"


def _judged(
    body: bytes, operation: Mapping[str, Any], target: Target
) -> tuple[dict[str, JSON], list[str]]:
    """Give the call as it was judged, in the readers' words, and its declared arguments."""
    judged: dict[str, JSON] = {"method": operation["method"]}
    if asked := _asked(operation):
        judged["asked"] = asked
    if "uri" in read_envelope(body).params:
        judged["uri"] = asked
    arguments = read_envelope(body).params.get("arguments", {})
    if "arguments" not in operation or not isinstance(arguments, dict):
        return judged, []
    tool = target.tools.get(operation.get("tool", ""))
    declared = tool.input_schema.get("properties", {}) if tool else {}
    assert isinstance(declared, dict)
    judged["arguments"] = arguments
    judged["fields"] = {
        name: arguments[name] for name in declared if arguments.get(name) is not None
    }
    return judged, [*declared]


def _asked(operation: Mapping[str, Any]) -> str | None:
    """Give the name of what is asked for; None for a session and for a task, which has a handle."""
    names = (operation.get(kind) for kind in ("tool", "prompt", "resource"))
    return next(filter(None, names), None)


def _misunderstood(
    trap: Trap, records: Sequence[Mapping[str, Any]], readers: Sequence[Reader]
) -> Iterator[str]:
    """Give bodies that our reader accepted and another reads as a call of something else."""
    if len(records) != 1 or records[0]["operation"] is None:
        return
    told = records[0]["operation"]
    if not (asked := _asked(told)):
        return
    for reader in readers:
        said = reader.read(trap.requests[0].body, [])
        if "error" in said:
            continue  # it would run nothing
        # A record cuts long names.
        read = str(said.get("asked"))[: len(asked)]
        if (said.get("method"), read) != (told["method"], asked):
            yield f"{reader.language} reads {read!r}, recorded is {asked!r}"
