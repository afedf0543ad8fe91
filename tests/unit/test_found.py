"""What reviews of the suite found; each test failed before its mistake was mended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.audit.describe import MAX_DETAIL
from authz.claims.check import TokenTooWide, check_minted
from authz.directory.compiled import RefusalStyle
from authz.directory.diagnostics import InvalidWorld
from authz.directory.load import load_directory
from authz.model.operation import Message, Protocol, ToolCall
from authz.model.outcome import Refused
from authz.model.pointer import look_up
from authz.model.principals import UserId
from authz.model.reasons import Reason
from authz.policy.load import load_policies
from authz.policy.shapes import Kind, compile_shape
from authz.refusals.render import Refusal, render
from authz.server.decision_point import DecisionPoint
from authz.steps.standing import roles_of
from authz.tokens.signing_keys import KeysUnusable
from authz.wire.check import read_check, unread_call
from tests.support.cases import all_cases
from tests.support.direct import KeptRecords, check_of, decide_case
from tests.support.keys import open_signing_keys, sign
from tests.support.values import replace
from tests.unit.audit.test_describe import arguments_of
from tests.unit.claims.test_check import DECIDED, HEADER, INPUTS, KEYS, NOW
from tests.unit.directory.changes import changed, sound
from tests.unit.policy.test_judge import GLOBAL, PERMIT, judged

(SEARCH,) = (case for case in all_cases() if case.name == "search-allowed")
CALL = Message(Protocol.MCP, ToolCall("t", {}), 1)

SHORT_CURVE_KEY = b"""-----BEGIN EC PRIVATE KEY-----
MD4CAQEEDqP5qnSlmV7w3zjec9sQoAcGBSuBBAAGoSADHgAEXVQMJncH2uxiSQ13
DbKrbmBKVZyMneTsI9E6Gg==
-----END EC PRIVATE KEY-----
"""
"""A key on secp112r1, which signs nothing anywhere."""


class BrokenRecords:
    """A log that fails in a way that nobody thought of."""

    def write(self, line: bytes) -> None:
        """Fail."""
        raise MemoryError(len(line))

    def owe(self, line: bytes) -> None:
        """Fail as well."""
        self.write(line)


# --- promise 1: a fault is an explicit denying response


@pytest.mark.parametrize("time", [{"seconds": 10**15}, {"seconds": 1, "nanos": -5}])
def test_unreadable_time_is_answered(decision_point: DecisionPoint, time: dict[str, int]) -> None:
    """A Check whose time is no time gets an explicit answer; the gRPC call is never aborted."""
    request = check_of(SEARCH)
    request.attributes.request.time.seconds = time["seconds"]
    request.attributes.request.time.nanos = time.get("nanos", 0)

    answer = replace(decision_point, records=KeptRecords()).answer(
        request.SerializeToString(), "out", {}
    )

    assert CheckResponse.FromString(answer).HasField("status")


def test_broken_log_is_answered(decision_point: DecisionPoint) -> None:
    """Whatever keeps a record from being written, the answer is an explicit no."""
    server = replace(decision_point, records=BrokenRecords(), clock=lambda: SEARCH.now)

    answer = server.answer(check_of(SEARCH).SerializeToString(), "out", {})

    assert CheckResponse.FromString(answer).status.code != 0


def test_arguments_that_are_cut_alike() -> None:
    """Arguments whose places are cut to the same text do not replace each other unseen."""
    long = "x" * 300

    assert arguments_of({f"{long}1": 1, f"{long}2": 2})["…"] == "more"


def test_identity_in_a_detail_is_cut(decision_point: DecisionPoint) -> None:
    """What a caller's certificate says is cut in a sentence; as an identity it is bounded."""
    principal = "spiffe://example.org/" + "a" * 2000

    record = decide_case(replace(SEARCH, principal=principal), decision_point).record

    assert record["reason"] == "agent_undeclared"
    assert (len(record["detail"]), record["workload"]) == (MAX_DETAIL, principal)


# --- what does not load says where and why


@pytest.mark.parametrize("kind", ["[Gate]", "{Gate: 1}"])
def test_kind_that_is_no_word(kind: str) -> None:
    """A document whose kind is a list or a mapping is a mistake with a place."""
    row = {"name": "kind", "file": "ns/tools/docs.yaml", "old": "MCPServer", "new": kind}

    with pytest.raises(InvalidWorld, match=r"docs\.yaml:2:7"):
        load_directory(changed(row))


@pytest.mark.parametrize("enum", ["x", 5, None, {"a": 1}])
def test_enum_that_is_no_list(enum: Any) -> None:
    """An odd schema is never an error: what has no type is opaque."""
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"enum": enum}}}

    shape = compile_shape(schema)

    assert not shape.fields or shape.fields["a"].shape.kind is Kind.OPAQUE


@pytest.mark.parametrize(
    "condition",
    [
        " && ".join(["true"] * 100),
        " || ".join(["principal == resource"] * 100),
        " + ".join(["1"] * 100) + " == 1",
        "if true then true else " * 100 + "true",
    ],
    ids=lambda text: text[:12],
)
def test_long_condition(condition: str) -> None:
    """A policy of a hundred conditions loads, or is a mistake with a place; nothing else."""
    text = f'@id("a") permit (principal, action, resource) when {{ {condition} }};'
    try:
        load_policies({"policies/global/a.cedar": text.encode()}, load_directory(sound())[0])
    except InvalidWorld as invalid:
        places = [str(mistake.position) for mistake in invalid.diagnostics]
    else:
        places = ["policies/global/a.cedar:1:1"]

    assert places == ["policies/global/a.cedar:1:1"]


def test_mistakes_come_in_one_order() -> None:
    """The same files give the same mistakes in the same order."""
    text = b'@id("a") permit (principal, action, resource) when { context.nope == 1 };'
    found = set()
    for _ in range(20):
        with pytest.raises(InvalidWorld) as invalid:
            load_policies({"policies/global/a.cedar": text}, load_directory(sound())[0])
        found.add(str(invalid.value))

    assert len(found) == 1


@pytest.mark.parametrize("wants", ["skills: [nope]", 'routes: ["GET /x"]', "models: [m]"])
def test_connection_that_names_nothing(wants: str) -> None:
    """A connection that wants what its target does not declare is a dangling reference."""
    row = {
        "name": "wants",
        "file": "ns/research/agents.yaml",
        "old": "{to: writer}",
        "new": f"{{to: writer, {wants}}}",
    }

    with pytest.raises(InvalidWorld):
        load_directory(changed(row))


def test_url_without_a_host() -> None:
    """An issuer is somewhere: a URL without a host is none."""
    row = {
        "name": "url",
        "file": "global/issuer.yaml",
        "old": "issuer: https://idp.example.com",
        "new": "issuer: https:///idp",
    }

    with pytest.raises(InvalidWorld):
        load_directory(changed(row))


def test_key_of_an_unknown_curve(tmp_path: Path) -> None:
    """A key that the library cannot read is refused in words, like any other wrong key."""
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    (folder / "a.pem").touch(mode=0o600)
    (folder / "a.pem").write_bytes(SHORT_CURVE_KEY)

    with pytest.raises(KeysUnusable, match=r"a\.pem"):
        open_signing_keys(folder)


# --- answers


def test_step_up_under_oauth_is_challenged() -> None:
    """An agent that runs OAuth itself is told by a challenge to log its user in again."""
    refused = Refused(Reason.STEP_UP_REQUIRED, "")

    answer = render(
        Refusal(
            refused, "d", CALL, "https://docs.example/mcp", RefusalStyle.OAUTH, may_challenge=True
        )
    )

    assert answer.status == 401
    assert "insufficient_user_authentication" in dict(answer.headers)["www-authenticate"]


def test_audience_without_a_host_has_no_metadata() -> None:
    """A challenge names no address where none can be."""
    refused = Refused(Reason.CREDENTIAL_MISSING, "")

    answer = render(Refusal(refused, "d", CALL, "urn:example:docs"))

    assert "urn:/.well-known" not in dict(answer.headers)["www-authenticate"]


# --- who has which role


def test_roles_by_member(decision_point: DecisionPoint) -> None:
    """A user called like a group has none of its roles, and each role counts once."""
    directory = decision_point.world.directory
    role = next(role for role in directory.roles.values() if role.groups)
    group = next(iter(role.groups))
    issuer, _, name = group.partition("/")
    both = replace(
        directory,
        roles_by_user={"corp/both": (role,)},
        roles_by_group={group: (role,)},
    )

    assert roles_of(UserId(issuer, name), frozenset(), both) == ()
    assert roles_of(UserId("corp", "both"), frozenset({group}), both) == (role,)


# --- small print


def test_surrogate_in_an_unknown_argument() -> None:
    """An argument that has no UTF-8 is a bad argument wherever it stands; `judge` never raises."""
    found = judged({GLOBAL: PERMIT}, arguments={"other": "\ud800"})

    assert found.reason is Reason.BAD_ARGUMENT


def test_scope_that_is_no_string_is_too_wide() -> None:
    """A signed scope that is null is not released, whatever scopes are called."""
    scopes = frozenset({"None", "docs:read"})
    inputs = replace(INPUTS, required=scopes, granted=scopes)
    payload = json.dumps({**DECIDED.members(), "scope": None}).encode()

    with pytest.raises(TokenTooWide):
        check_minted(sign("gate-1", HEADER, payload), KEYS, inputs, NOW)


def test_row_with_a_zero_before() -> None:
    """An array index has no leading zeros (RFC 6901 section 4)."""
    assert look_up({"groups": ["a", "b"]}, "/groups/01") is None


def test_header_in_two_spellings() -> None:
    """Two spellings of one header name are two values, and neither hides the other."""
    request = CheckRequest()
    ParseDict(
        {"headers": {"Authorization": "a", "authorization": "b"}}, request.attributes.request.http
    )

    call = read_check(request, unread_call("", decision="", new_trace=""), {})

    assert sorted(call.headers["authorization"].split(",")) == ["a", "b"]
