"""A real provider's keys move while calls run: all good ones pass, and no others do.

The gate finds the keys by itself, and looks for new ones when a token names one
that it does not know.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import jwt

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from examples.idp.login import Browser, log_in
from examples.idp.provider import Provider
from tests.support.believing import (
    BETWEEN_LOOKS,
    BelievingGate,
    believing_gate,
    believing_home,
    call_with,
)
from tests.support.direct import check_of
from tests.support.idp import GATE, access_token, rotate
from tests.support.keys import sign
from tests.support.served import serving
from tests.support.waiting import wait_until

CALLERS = 3
PAUSE_SECONDS = 0.25
REFUSED = "credential_invalid"


@dataclass
class Load:
    """Users who log in and call, one call after the other."""

    gate: BelievingGate
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
        """Wait until nobody calls with a token of before, as one waits for a token's lifetime."""
        enough = [rounds + 2 for rounds in self.rounds]
        wait_until(lambda: all(n >= m for n, m in zip(self.rounds, enough, strict=True)))

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


def said(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give header and claims of *token*."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def test_rotation_under_load(idp: Provider, tmp_path: Path) -> None:
    """No good call is refused by a rotation; afterwards the old key is worth nothing."""
    with believing_gate(idp, tmp_path) as gate:
        load, old = Load(gate), access_token(idp)
        with load.running():
            rotate(idp, "publish")
            gate.look_again()
            rotate(idp, "sign")
            load.wait_for_new_tokens()
            while_published = gate.reason(old)
            rotate(idp, "retire")
            gate.look_again()
            load.wait_for_new_tokens()
        header, claims = said(old)
        fresh = idp.control("forge", claims=claims | {"jti": "new"}, kid=header["kid"])["token"]

        assert while_published == "allow"
        assert load.reasons.keys() == {"allow"}
        assert load.reasons.total() >= CALLERS * 4
        assert [gate.reason(token) for token in (old, fresh)] == [REFUSED] * 2


def test_signing_with_a_key_at_once(idp: Provider, tmp_path: Path) -> None:
    """A provider that gives nobody time to notice is noticed by its first token."""
    with believing_gate(idp, tmp_path) as gate:
        stolen = access_token(idp)
        before = gate.reason(stolen)
        rotate(idp, "replace")
        gate.clock.ahead += BETWEEN_LOOKS
        new = access_token(idp)

        assert before == "allow"
        assert gate.reason(new) == "allow"
        assert gate.reason(stolen) == REFUSED


def test_foreign_keys(idp: Provider, tmp_path: Path) -> None:
    """A key that the provider does not publish signs nothing, whatever name it goes by."""
    with believing_gate(idp, tmp_path) as gate:
        header, claims = said(access_token(idp))
        text = json.dumps(claims).encode()

        for name in (header["kid"], "mallory"):
            assert gate.reason(sign("mallory", header | {"kid": name}, text)) == REFUSED
        unnamed = {member: value for member, value in header.items() if member != "kid"}
        assert gate.reason(sign("mallory", unnamed, text)) == REFUSED


def test_serve_finds_keys_by_itself(idp: Provider, tmp_path: Path) -> None:
    """`authz serve` is told a URL, and follows the provider from key to key."""
    home = believing_home(idp, tmp_path)
    with (
        serving(home, tmp_path / "gate.log") as served,
        grpc.insecure_channel(f"unix:{served.socket}") as channel,
    ):

        def is_allowed(token: str) -> bool:
            check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
            answer: CheckResponse = check(check_of(call_with(token)), timeout=10)
            return int(answer.status.code) == 0

        old = access_token(idp)
        assert is_allowed(old)
        rotate(idp, "replace")
        new = access_token(idp)
        wait_until(lambda: is_allowed(new), PAUSE_SECONDS)
        assert not is_allowed(old)
