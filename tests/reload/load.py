"""A steady load of mixed calls on a gate whose files change all the time."""

from __future__ import annotations

import base64
import json
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from authz._proto.external_auth_pb2 import CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from authz.identity.keys import read_key_set
from authz.model.instant import Instant
from examples.edge.certificates import Authority
from examples.edge.envoy import ENVOY_ID
from tests.reload.changes import DESK, US, Changes, Strict
from tests.support.cases import Case, case_at
from tests.support.direct import check_of
from tests.support.ports import reserved_port
from tests.support.served import Served, serving
from tests.support.values import replace
from tests.support.worlds import prepare_home

GOOD = ("search-allowed", "two-hops")
FORBIDDEN = ("tool-not-on-list", "agent-lacks", "suspended-agent")
BAD_TOKEN = ("alg-none", "expired", "other-issuers-key", "hop-stolen")
ASSISTANT = "spiffe://example.org/ns/research/sa/assistant"

PAUSE = 0.04
"""Seconds from one call of a caller to its next."""

CALLERS = 3
"""By the socket; one more comes by TLS with a new connection for each call."""

KEPT_KEYS_SECONDS = 1.0
"""For which a verifier here keeps our key set."""

TIMEOUT_SECONDS = 10


@dataclass
class Figures:
    """What came of it."""

    calls: Counter[str] = field(default_factory=Counter)
    refused_good: list[str] = field(default_factory=list)
    accepted_bad: list[str] = field(default_factory=list)
    unverified: list[str] = field(default_factory=list)
    handshakes: int = 0
    certificates: set[str] = field(default_factory=set)
    signing_keys: set[str] = field(default_factory=set)
    milliseconds: list[float] = field(default_factory=list)
    changes: dict[str, int] = field(default_factory=dict)
    seen_after: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        calls = ", ".join(f"{name} {count}" for name, count in sorted(self.calls.items()))
        changes = ", ".join(f"{name} {count}" for name, count in self.changes.items())
        rows = {
            "calls": f"{calls}; {self.handshakes} by a new TLS connection",
            "changes": changes,
            "keys that signed": len(self.signing_keys),
            "certificates shown": len(self.certificates),
            "good calls refused": len(self.refused_good),
            "bad calls accepted": len(self.accepted_bad),
            "tokens whose key a kept key set lacked": len(self.unverified),
            "a call, ms": _spread(self.milliseconds),
            "a change of the world in force after, s": _spread(self.seen_after),
        }
        return "\n".join(f"{name}: {value}" for name, value in rows.items())


def _spread(numbers: list[float]) -> str:
    middle, most = _share(numbers, 0.5), _share(numbers, 0.99)
    return f"median {middle:.2f}, p99 {most:.2f}, most {max(numbers):.2f}"


def _share(numbers: list[float], share: float) -> float:
    return sorted(numbers)[int(share * (len(numbers) - 1))]


def run(folder: Path, seconds: float) -> Figures:
    """Change everything for *seconds*, at least once, under the load."""
    home = prepare_home(folder)
    authority = Authority(home / "tls")
    authority.issue("gate", US)
    with reserved_port() as port, _served(home, port, folder / "gate.log") as served:
        face = f"http://127.0.0.1:{served.wait_ready()['http_port']}"
        changes = Changes(
            home, authority, lambda: _fetched(f"{face}/readyz"), lambda: set(_key_ids(face))
        )
        load = Load(served, port, authority, changes, lambda: set(_key_ids(face)))
        with load.running():
            ends = time.monotonic() + seconds
            changes.once()
            while time.monotonic() < ends:
                changes.once()
        load.figures.changes, load.figures.seen_after = changes.counts, changes.seen_after
        faults = [event for event in served.events if event["event"] == "fault"]
        assert not faults, faults
    return load.figures


def _served(home: Path, port: int, log: Path) -> AbstractContextManager[Served]:
    """Serve the world of *home* by a listener with TLS at *port* too."""
    gate = home / "directory/global/gate.yaml"
    text = gate.read_text()
    tls = (
        f'    - {{name: tls, address: "127.0.0.1:{port}", direction: out, identity: principal,'
        " tls: {certificate: tls/gate.pem, key: tls/gate.key, clients: tls/roots.pem},"
        f' callers: {{spiffe: ["{ENVOY_ID}"]}}}}\n'
    )
    gate.write_text(text.replace("  records:", tls + "  records:"))
    return serving(home, log)


def _fetched(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def _key_ids(face: str) -> Iterator[str]:
    text = json.dumps(_fetched(f"{face}/.well-known/jwks.json")).encode()
    return (key.key_id or "" for key in read_key_set(text).keys)


class Load:
    """Callers, each with calls of all kinds in turn."""

    def __init__(
        self,
        served: Served,
        port: int,
        authority: Authority,
        changes: Changes,
        key_ids: Callable[[], set[str]],
    ) -> None:
        self.figures = Figures()
        self._served = served
        self._port = port
        self._authority = authority
        self._changes = changes
        self._key_ids = key_ids
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._errors: list[BaseException] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep calling until the block ends; what a caller raises is raised here."""
        threads = [
            *(
                threading.Thread(target=self._guarded, args=(self._by_socket,))
                for _ in range(CALLERS)
            ),
            threading.Thread(target=self._guarded, args=(self._by_tls,)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            self._errors.append(error)

    def _by_socket(self) -> None:
        with grpc.insecure_channel(f"unix:{self._served.socket}") as channel:
            verifier = Verifier(self._key_ids)
            while not self._is_over.wait(PAUSE):
                self._call_each(channel, verifier)

    def _by_tls(self) -> None:
        certificate, key = (path.read_bytes() for path in self._authority.issue("envoy", ENVOY_ID))
        roots = self._authority.roots.read_bytes()
        credentials = grpc.ssl_channel_credentials(roots, key, certificate)
        # Each channel shakes hands for itself: gRPC would share one connection otherwise.
        options = (("grpc.use_local_subchannel_pool", 1),)
        verifier = Verifier(self._key_ids)
        while not self._is_over.wait(PAUSE):
            with grpc.secure_channel(f"127.0.0.1:{self._port}", credentials, options) as channel:
                self._call("good", case_at(GOOD[0], _now()), channel, verifier)
            shown = self._authority.roots.with_name("gate.pem").read_text()
            with self._lock:
                self.figures.handshakes += 1
                self.figures.certificates.add(shown)

    def _call_each(self, channel: grpc.Channel, verifier: Verifier) -> None:
        now = _now()
        for kind, names in (("good", GOOD), ("forbidden", FORBIDDEN), ("bad token", BAD_TOKEN)):
            for name in names:
                if self._is_over.wait(PAUSE):
                    return
                self._call(kind, case_at(name, now), channel, verifier)
        search = case_at(GOOD[0], now)
        for who, strict in ((ASSISTANT, self._changes.assistant), (DESK, self._changes.desk)):
            self._call_switched(replace(search, principal=who), strict, channel, verifier)

    def _call(self, kind: str, case: Case, channel: grpc.Channel, verifier: Verifier) -> None:
        is_let_in = self._answer(case, channel, verifier)
        with self._lock:
            self.figures.calls[kind] += 1
            if kind == "good" and not is_let_in:
                self.figures.refused_good.append(case.name)
            if kind != "good" and is_let_in:
                self.figures.accepted_bad.append(case.name)

    def _call_switched(
        self, case: Case, strict: Strict, channel: grpc.Channel, verifier: Verifier
    ) -> None:
        """Ask for somebody who is kept out at times; what spans a change does not count."""
        before = replace(strict)
        is_let_in = self._answer(case, channel, verifier)
        if before.changing or strict.changing or before.number != strict.number:
            return
        kind = "good" if before.is_let_in else "switched off"
        with self._lock:
            self.figures.calls[kind] += 1
            if is_let_in is not before.is_let_in:
                wrong = self.figures.accepted_bad if is_let_in else self.figures.refused_good
                wrong.append(f"{case.principal} after change {before.number}")

    def _answer(self, case: Case, channel: grpc.Channel, verifier: Verifier) -> bool:
        check = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        started = time.monotonic()
        try:
            answer: CheckResponse = check(
                check_of(case), timeout=TIMEOUT_SECONDS, wait_for_ready=False
            )
        except grpc.RpcError:
            return False
        spent = time.monotonic() - started
        with self._lock:
            self.figures.milliseconds.append(spent * 1000)
        if answer.status.code != 0:
            return False
        key_id = _key_id(answer)
        knows = verifier.knows(key_id)
        with self._lock:
            self.figures.signing_keys.add(key_id)
            if not knows:
                self.figures.unverified.append(key_id)
        return True


class Verifier:
    """A tool that keeps our key set for a while, as it may."""

    def __init__(self, key_ids: Callable[[], set[str]]) -> None:
        self._fetch = key_ids
        self._kept: set[str] = set()
        self._until = 0.0

    def knows(self, key_id: str) -> bool:
        """Say whether the key set, as old as it may be, has the key."""
        if time.monotonic() >= self._until:
            self._kept, self._until = self._fetch(), time.monotonic() + KEPT_KEYS_SECONDS
        return key_id in self._kept


def _key_id(answer: CheckResponse) -> str:
    headers = {row.header.key: row.header.value for row in answer.ok_response.headers}
    head = headers["authorization"].removeprefix("Bearer ").partition(".")[0]
    found: str = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    return found


def _now() -> Instant:
    return Instant(int(time.time()))
