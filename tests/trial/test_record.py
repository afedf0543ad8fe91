"""Records that a decision cannot be made again from: told so, never guessed, and never a crash."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from authz._proto.external_auth_pb2 import CheckRequest
from authz.commands.replay import Replay, replay
from authz.identity.keys import KeySet
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.sources.declared import read_policies
from authz.steps.given import Credential
from authz.trial.record import UNKNOWN
from authz.world import World
from tests.support.cases import case_named
from tests.support.direct import KeptRecords, decide_case
from tests.support.values import replace
from tests.support.worlds import prepare_home

DOCS = "directory/ns/tools/docs.yaml"
Record = Mapping[str, Any]


def edited(folder: Path, *changes: tuple[str, str, str]) -> World:
    """Give the worked world with changes in its files."""
    home = prepare_home(folder)
    for file, old, new in changes:
        text = (home / file).read_text()
        assert old in text, old
        (home / file).write_text(text.replace(old, new))
    directory, policies, _ = read_policies(home)
    return World("", directory, policies, {}, KeySet(()))


def record_of(name: str, server: DecisionPoint) -> dict[str, Any]:
    """Give the record of a case."""
    return deepcopy(dict(decide_case(case_named(name), server).record))


def told(again: Replay) -> tuple[str, bool]:
    """Give what is said of a record, and whether a decision is shown with it."""
    return str(again), again.trial is not None


def public_record(server: DecisionPoint) -> Record:
    """Ask for the metadata of docs, and give the record."""
    request, records = CheckRequest(), KeptRecords()
    request.attributes.context_extensions["target"] = "tools/docs"
    http = request.attributes.request.http
    http.id, http.method, http.host = "1", "GET", "docs.tools.svc.cluster.local"
    http.path = "/.well-known/oauth-protected-resource/mcp"
    replace(server, records=records).answer(request.SerializeToString(), "out", {})
    return records.rows[0]


def test_public_no_more(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """What was public and is no more is not called allowed: nobody knows who asked, or what."""
    record = public_record(decision_point)
    moved = [
        (DOCS, f"{name}/mcp", f"{name}/elsewhere") for name in ("path: ", "docs.tools.example")
    ]
    world = edited(tmp_path, *moved)

    assert record["reason"] == Reason.ALLOW
    again = replay(record, world)

    assert told(again) == (
        "not made again: the record does not say what was read of the request",
        False,
    )


def test_refused_before_the_user_was_known(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """An agent that was not declared then and is now did not call without a credential."""
    record = record_of("undeclared-agent", decision_point)
    old, new = "sa/research-agent", "sa/nobody"
    world = edited(tmp_path, ("directory/ns/research/agents.yaml", old, new))

    again = replay(record, world)

    assert told(again) == (
        "not made again: it was decided at step 2, so the record does not say who the user was",
        False,
    )


def test_what_counts_no_more(decision_point: DecisionPoint, tmp_path: Path) -> None:
    """Groups and the level of a login count as the issuer's document is now, as in a new call."""
    record = record_of("annotate", decision_point)
    record["subject"]["groups"].append("corp/former")
    record["subject"] |= {"acr": "urn:former", "level": 2}

    again = replay(record, edited(tmp_path))

    assert again.trial is not None
    subject = again.trial.facts.of(Credential).subject
    assert subject is not None
    assert subject.groups == {"corp/researchers"}
    assert subject.authentication.level == 0


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        ("annotate", {"user": "gone/alice"}, Reason.CREDENTIAL_INVALID),
        ("two-hops", {"chain": ["reports/reporting-agent", "x/gone"]}, Reason.CHAIN_REFUSED),
    ],
)
def test_what_is_declared_no_more(
    name: str,
    changed: Record,
    reason: Reason,
    decision_point: DecisionPoint,
    tmp_path: Path,
) -> None:
    """Who is no longer declared is refused as a new call of theirs would be."""
    record = {**record_of(name, decision_point), **changed}

    again = replay(record, edited(tmp_path))

    assert again.trial is not None
    assert (again.trial.reason, again.trial.step) == (reason, 3)


HOSTILE: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("verdict",), None),
    (("policies",), [1]),
    (("policies",), None),
    (("decision",), 1.5),
    (("time",), "0001-01-01T00:00:00+14:00"),
    (("time",), "9999-12-31T23:59:59-14:00"),
    (("headers",), [1]),
    (("target",), ["tools/docs"]),
    (("step",), True),
    (("user",), None),
    (("chain",), None),
    (("peer", "principal"), 5),
    (("request", "path"), None),
    (("subject", "groups"), [1]),
    (("subject", "groups"), "corp/researchers"),
    (("subject", "expires"), "x"),
    (("subject", "authenticated"), None),
    (("operation", "tool"), 5),
    (("operation", "arguments"), []),
    (("operation", "arguments"), {"/a": {"type": "number", "value": "x"}}),
    (("operation", "arguments"), {"/a": {"type": "array"}, "/a/7/b": {"type": "string"}}),
    (("operation", "arguments"), {"/page": {"type": "string", "value": {"x": 1}}}),
    (("operation", "arguments"), {"/page": {"type": "boolean", "value": "x"}}),
)


@pytest.mark.parametrize(("path", "value"), HOSTILE, ids=str)
def test_what_is_no_record(
    path: tuple[str, ...], value: Any, decision_point: DecisionPoint, tmp_path: Path
) -> None:
    """A line that we would not write is told apart, whatever is wrong with it."""
    record = record_of("annotate", decision_point)
    place: Any = record
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value

    assert told(replay(record, edited(tmp_path))) == (f"not made again: {UNKNOWN}", False)
