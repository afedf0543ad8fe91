"""A real provider's keys move while `authz serve` takes calls: all good ones pass, no others do.

The gate finds the keys by itself, and looks for new ones when a token names one
that it does not know, but not more often than it allows itself to.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc
import jwt
import pytest

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from examples.idp.login import Browser, log_in
from examples.idp.provider import Provider
from tests.support.cases import case_named
from tests.support.direct import check_of
from tests.support.idp import GATE, rotate, trusting
from tests.support.keys import sign
from tests.support.served import Served, serving
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

CASE = case_named("search-allowed")
TIMEOUT_SECONDS = 10
CALLERS = 3
PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Gate:
    """The running gate, and the provider that it believes."""

    served: Served
    idp: Provider
    channel: grpc.Channel

    def reason(self, token: str) -> str:
        """Ask as Envoy would for a call with *token*; give the reason of the record."""
        headers = [(name, text) for name, text in CASE.headers if name != "authorization"]
        call = replace(CASE, headers=(*headers, ("authorization", f"Bearer {token}")))
        check = AuthorizationStub(self.channel).Check  # type: ignore[no-untyped-call]
        answer: CheckResponse = check(check_of(call), timeout=TIMEOUT_SECONDS)
        either = answer.ok_response if answer.status.code == 0 else answer.denied_response
        headers_out = {row.header.key: row.header.value for row in either.headers}
        decision = headers_out["x-narrowgate-decision"]
        (record,) = [row for row in self.served.whole_records if row["decision"] == decision]
        assert (record["reason"] == "allow") is (answer.status.code == 0)
        return str(record["reason"])

    def wait_for_a_look(self) -> None:
        """Show the gate a key that nobody has until it looks at the provider's keys again."""
        self.idp.control("seen")
        token = self.idp.control(
            "forge", claims={"sub": "alice"}, header={"typ": "at+jwt", "kid": "nobody's"}
        )["token"]

        def has_looked() -> bool:
            self.reason(token)
            return any(row["path"] == "/jwks" for row in self.idp.control("seen")["requests"])

        wait_until(has_looked, PAUSE_SECONDS)


@dataclass
class Load:
    """Users who log in and call, one call after the other."""

    gate: Gate
    reasons: Counter[str] = field(default_factory=Counter)
    rounds: list[int] = field(default_factory=lambda: [0] * CALLERS)
    ended: threading.Event = field(default_factory=threading.Event)

    def call(self, number: int) -> None:
        """Log in and call until it is ended."""
        with Browser("alice") as browser:
            while not self.ended.is_set():
                token = log_in(self.gate.idp.issuer, browser, "docs:read", GATE)["access_token"]
                self.reasons[self.gate.reason(token)] += 1
                self.rounds[number] += 1

    def wait_for_new_tokens(self) -> None:
        """Wait until no call is under way with a token of before; as good as their lifetime."""
        before = list(self.rounds)
        wait_until(lambda: all(n >= old + 2 for n, old in zip(self.rounds, before, strict=True)))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let everybody call until the block ends; what went wrong in a call is raised."""
        with ThreadPoolExecutor(CALLERS) as pool:
            calling = [pool.submit(self.call, number) for number in range(CALLERS)]
            try:
                yield
            finally:
                self.ended.set()
        for caller in calling:
            caller.result()


@pytest.fixture
def gate(idp: Provider, tmp_path: Path) -> Iterator[Gate]:
    """A gate that believes the provider."""
    home = trusting(prepare_home(tmp_path), idp)
    with (
        serving(home, tmp_path / "gate.log") as served,
        grpc.insecure_channel(f"unix:{served.socket}") as channel,
    ):
        yield Gate(served, idp, channel)


def test_rotation_under_load(gate: Gate) -> None:
    """No good call is refused by a rotation; afterwards no key of before is worth anything."""
    idp, load = gate.idp, Load(gate)
    old = idp.login("alice", "docs:read", GATE)["access_token"]
    assert gate.reason(old) == "allow"

    with load.running():
        rotate(idp, "publish")
        gate.wait_for_a_look()
        rotate(idp, "sign")
        load.wait_for_new_tokens()
        assert gate.reason(old) == "allow", "a key that is still published signs good tokens"
        rotate(idp, "retire")
        gate.wait_for_a_look()
        load.wait_for_new_tokens()
    stolen = jwt.get_unverified_header(old)["kid"]
    claims = jwt.decode(old, options={"verify_signature": False})
    fresh = idp.control("forge", claims=claims | {"jti": "fresh"}, kid=stolen)["token"]

    assert load.reasons.keys() == {"allow"}
    assert load.reasons.total() >= CALLERS * 4
    assert [gate.reason(token) for token in (old, fresh)] == ["credential_invalid"] * 2


def test_replaced_and_foreign_keys(gate: Gate) -> None:
    """A stolen key is refused once the gate has looked; somebody else's under its name always."""
    idp = gate.idp
    token = idp.login("alice", "docs:read", GATE)["access_token"]
    header = jwt.get_unverified_header(token)
    claims = json.dumps(jwt.decode(token, options={"verify_signature": False})).encode()
    foreign = sign("mallory", header, claims)
    unknown = sign("mallory", header | {"kid": "mallory"}, claims)

    assert gate.reason(token) == "allow"
    assert gate.reason(foreign) == "credential_invalid"
    assert gate.reason(unknown) == "credential_invalid"

    rotate(idp, "replace")
    new = idp.login("alice", "docs:read", GATE)["access_token"]
    wait_until(lambda: gate.reason(new) == "allow", PAUSE_SECONDS)

    assert gate.reason(token) == "credential_invalid"
