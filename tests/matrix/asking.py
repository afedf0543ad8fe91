"""The matrix: everyone asks for everything, each by a Check of its own, without sockets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.directory.compiled import Directory, Target, TokenMode
from authz.model.instant import Instant
from authz.model.operation import Session, Unknown
from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers
from tests.matrix.what import Sample, operations
from tests.matrix.who import STRANGERS, User, everyone, inherited, principal_of
from tests.support.direct import KeptRecords
from tests.support.values import replace

NOW = Instant(1_780_480_800)
"""2026-06-03T10:00:00Z, a Wednesday: policies read the clock."""

NOWHERE = "(no declared target)"


@dataclass(frozen=True, order=True)
class Cell:
    """Who asks for what: the names of one answer in the matrix."""

    caller: str
    target: str
    operation: str
    user: str


Matrix = Mapping[Cell, str]
"""What every cell is answered, in the order of the file."""

PUBLIC = 0
"""Step of what we answer ourselves: nothing is minted, and nothing goes on."""

ANYBODY = "any caller"


@dataclass(frozen=True)
class Asked:
    """Everything that was asked, and what was answered."""

    users: Mapping[str, list[User]]
    """By who comes with them: those of any caller, and those of one agent."""

    operations: Mapping[str, Mapping[str, list[str]]]
    """By target: the labels of its `session` operations, and of the others."""

    matrix: Matrix


def ask(decision_point: DecisionPoint) -> Asked:
    """Ask everyone's everything."""
    directory = decision_point.world.directory
    users, known = _users_in(directory), _operations_in(directory)
    matrix: dict[Cell, str] = {}
    for caller, principal in _callers_in(directory).items():
        for name, samples in known.items():
            target = directory.targets.get(name)
            for _, sample in samples:
                for user in (*users[ANYBODY], *users.get(caller, ())):
                    request = check_of(principal, target, sample, user)
                    cell = Cell(caller, name, sample.label, user.label)
                    matrix[cell] = answer(request, decision_point)
    return Asked(users, {name: _by_kind(samples) for name, samples in known.items()}, matrix)


def _users_in(directory: Directory) -> dict[str, list[User]]:
    found = {ANYBODY: [*everyone(directory, NOW)]}
    for name, agent in sorted(directory.agents.items()):
        found[name] = [*inherited(agent, directory, NOW)]
    return {owner: users for owner, users in found.items() if users}


def _callers_in(directory: Directory) -> dict[str, str]:
    agents = sorted(directory.agents.items())
    return {name: principal_of(agent) for name, agent in agents} | STRANGERS


def _operations_in(directory: Directory) -> dict[str, list[tuple[type, Sample]]]:
    known = {name: [*operations(target)] for name, target in sorted(directory.targets.items())}
    return known | {NOWHERE: [(Unknown, Sample("anything", "POST", b"{}"))]}


def _by_kind(samples: Iterable[tuple[type, Sample]]) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {"session": [], "others": []}
    for kind, sample in samples:
        labels["session" if kind is Session else "others"].append(sample.label)
    return labels


def answer(request: CheckRequest, decision_point: DecisionPoint) -> str:
    """Ask, and give step, reason, and the scopes of the token or what else is wanted."""
    records = KeptRecords()
    # Nobody is remembered: a cell is answered alike whatever was asked before.
    fresh = replace(decision_point, records=records, needs=NeedAnswers(), clock=lambda: NOW)
    response = CheckResponse.FromString(fresh.answer(request.SerializeToString(), "out", {}))
    (record,) = records.rows
    target = decision_point.world.directory.targets.get(record["target"] or "")
    takes_token = record["step"] != PUBLIC and target and target.token is TokenMode.MINT
    assert bool(record["token"]) is (response.status.code == 0 and takes_token)
    return _told(record)


def _told(record: Mapping[str, Any]) -> str:
    if record["step"] == PUBLIC:
        return f"{PUBLIC} public"
    token = record["token"]
    more = " ".join(token["scope"]) if token else "+".join(record["challenges"])
    return f"{record['step']} {record['reason']}{f' {more}' if more else ''}"


def is_allow(answer: str) -> bool:
    """Say whether an answer lets the call pass."""
    return answer.split()[1] == "allow"


def check_of(principal: str, target: Target | None, sample: Sample, user: User) -> CheckRequest:
    """Write the Check that Envoy would send."""
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = principal
    http = attributes.request.http
    http.method, http.raw_body, http.size = sample.method, sample.body, len(sample.body)
    if target is not None:
        attributes.context_extensions["target"] = target.name
    http.host = min(target.hosts) if target else "elsewhere.example"
    http.path = sample.path or (target.path if target else "") or "/"
    if sample.body:
        http.headers["content-type"] = "application/json"
    if user.token is not None:
        http.headers["authorization"] = f"Bearer {user.token}"
    return request
