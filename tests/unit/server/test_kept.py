"""What is kept from call to call goes away with whatever it was worked out from, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz.audit.sink import RecordUnwritten
from authz.identity.keys import lasting, read_key_set
from authz.model.instant import Instant
from authz.tokens.rotation import replace_compromised
from tests.support.cases import Case, case_named
from tests.support.direct import Decided, KeptRecords, check_of
from tests.support.keys import jwks
from tests.support.reloading import Following, following
from tests.support.values import replace
from tests.support.worlds import prepare_home

CASE = case_named("search-allowed")
HOP = case_named("two-hops")
AGENTS = "directory/ns/research/agents.yaml"
ACTIVE = "  lifecycle: active\n  identities:\n    - spiffe"
INSIDE, ELSEWHERE = "10.1.2.3", "192.0.2.1"
OUTSIDE = """@id("inside") forbid (principal, action, resource) when {
  context.session.net has source && context.session.net.source.isInRange(ip("10.0.0.0/8"))
};"""
PERMIT = '@id("more") permit (principal, action, resource) when { false };'
FORBID = '@id("stop") forbid (principal, action, resource);'
ORDERS = list(permutations(("", "x-narrowgate_user", "x_narrowgate-agent")))


class NoRecords:
    """A log that takes nothing."""

    def write(self, line: bytes) -> None:
        """Fail."""
        del line
        raise RecordUnwritten("no room")

    def owe(self, line: bytes) -> None:
        """Lose it."""


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Following]:
    """The worked world in force."""
    with following(prepare_home(tmp_path)) as found:
        yield found


def warm(gate: Following, case: Case = CASE) -> Decided:
    """Ask until the answer is one that was kept."""
    gate.ask(case)
    before = gate.decision_point.world.clearances.hits
    decided = gate.ask(case)
    assert decided.record["reason"] == "allow"
    assert gate.decision_point.world.clearances.hits == before + 1
    return decided


def suspend(gate: Following) -> None:
    """Suspend the calling agent."""
    gate.edit(AGENTS, ACTIVE, ACTIVE.replace("active", "suspended"))


def forbid(gate: Following) -> None:
    """Forbid everything."""
    (gate.home / "policies/global/stop.cedar").write_text(FORBID)


def rotate_issuer(gate: Following) -> None:
    """Publish other keys of the issuer than those that signed."""
    (gate.home / "keys/corp.jwks.json").write_bytes(jwks("other-1"))


CHANGES: list[tuple[Callable[[Following], None], str]] = [
    (suspend, "suspended"),
    (forbid, "forbidden"),
    (rotate_issuer, "credential_invalid"),
]


@pytest.mark.parametrize(("change", "reason"), CHANGES, ids=["kill", "policy", "keys"])
def test_a_change_of_files(
    change: Callable[[Following], None], reason: str, gate: Following
) -> None:
    """A kill, a policy, other keys: the next call of a caller who was just let in is refused."""
    warm(gate)
    change(gate)
    gate.look()

    assert gate.reason(CASE) == reason


def test_our_own_keys(gate: Following) -> None:
    """A token of ours that was just accepted counts for nothing once its key is withdrawn."""
    warm(gate, HOP)
    replace_compromised(gate.home / "keys/gate", gate.clock())
    gate.look()

    assert gate.reason(HOP) == "credential_invalid"


def test_fetched_keys(gate: Following) -> None:
    """Keys that an issuer was asked for take the place of those that a token was proven by."""
    warm(gate)
    worlds = gate.decision_point.worlds
    issuer = worlds.now.world.directory.issuers["corp"]
    worlds.publish_keys(issuer, lasting(read_key_set(jwks("other-1"))))

    assert gate.reason(CASE) == "credential_invalid"


def test_a_token_that_is_over(gate: Following) -> None:
    """A credential that was kept ends to the second."""
    warm(gate)
    expires = gate.ask(CASE).record["subject"]["expires"]
    gate.clock.now = Instant(expires - 1)
    assert gate.reason(CASE) == "allow"
    gate.clock.now = Instant(expires)
    assert gate.reason(CASE) == "credential_invalid"


def test_a_clock_that_is_set_back(gate: Following) -> None:
    """What was found out later is found out anew: a token may not be valid yet."""
    warm(gate)
    gate.clock.now = Instant(gate.clock() - 3600)

    assert gate.reason(CASE) == "credential_invalid"


def test_a_minted_token_is_released_again(gate: Following) -> None:
    """The same call gets the same token while half of its life is left, and then another."""
    first = warm(gate)
    assert gate.ask(CASE).token == first.token
    claims = first.record["token"]
    assert claims["jti"] != first.record["decision"]

    gate.clock.now = Instant(gate.clock() + 30)
    later = gate.ask(CASE)
    assert later.token != first.token
    assert later.record["token"]["jti"] == later.record["decision"]


def test_a_minted_token_belongs_to_its_key(gate: Following) -> None:
    """What was signed with a key that signs no longer is not released again."""
    first = warm(gate)
    replace_compromised(gate.home / "keys/gate", gate.clock())
    gate.look()

    assert gate.ask(CASE).token != first.token


def test_signatures_outlive_worlds(gate: Following) -> None:
    """A policy that changes makes nobody's token be verified again."""
    warm(gate)
    signatures, clearances = (
        gate.decision_point.world.signatures,
        gate.decision_point.world.clearances,
    )
    known, hits = signatures.memo.misses, clearances.hits
    (gate.home / "policies/global/more.cedar").write_text(PERMIT)
    gate.look()

    assert gate.reason(CASE) == "allow"
    assert gate.decision_point.world.clearances is not clearances
    assert gate.decision_point.world.signatures is signatures
    assert (signatures.memo.misses, clearances.hits) == (known, hits)


def test_a_token_of_a_decision_without_record(gate: Following) -> None:
    """A token is kept only once its decision is on record: its `jti` names no fault."""
    point = replace(gate.decision_point, records=NoRecords(), clock=gate.clock)
    answer = point.answer(check_of(CASE).SerializeToString(), CASE.listener, {})
    assert CheckResponse.FromString(answer).status.code == 14
    decided = gate.ask(CASE)

    assert decided.record["token"]["jti"] == decided.record["decision"]


def test_where_from(gate: Following) -> None:
    """What a policy says of the address is asked for each call, whoever was let in before."""
    (gate.home / "policies/global/inside.cedar").write_text(OUTSIDE)
    gate.look()
    for address in (INSIDE, ELSEWHERE, ELSEWHERE, INSIDE):
        check = check_of(CASE)
        check.attributes.source.address.socket_address.address = address
        point = replace(gate.decision_point, clock=gate.clock, records=KeptRecords())
        answer = point.answer(check.SerializeToString(), CASE.listener, {})
        response = CheckResponse.FromString(answer)

        assert bool(response.ok_response.headers) is (address == ELSEWHERE)


@pytest.mark.parametrize("order", ORDERS)
def test_forgeries_of_this_call_are_removed(gate: Following, order: tuple[str, ...]) -> None:
    """Odd spellings of our headers go whoever asked before; calls without them are spared."""
    warm(gate)
    for spelling in order:
        forged = ((spelling, "corp/root"),) if spelling else ()
        decided = gate.ask(replace(CASE, headers=(*CASE.headers, *forged)))

        removed = decided.response.ok_response.headers_to_remove
        assert decided.record["reason"] == "allow"
        assert {name for name in removed if {"_", "-"} <= set(name)} == {spelling} - {""}
