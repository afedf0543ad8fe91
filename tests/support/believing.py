"""The worked world with a real OpenID provider as its issuer corp, and a gate that asks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from authz._proto.external_auth_pb2 import CheckResponse
from authz.model.instant import Instant
from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers, Patience
from authz.server.worlds import CurrentWorld
from authz.sources.answers import Answering
from authz.sources.declared import read_declared
from authz.sources.peer import Outside
from authz.telemetry.logs import open_log
from examples.idp.provider import Provider
from tests.support.cases import Case, case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.idp import CLIENT_SECRET
from tests.support.keys import open_signing_keys
from tests.support.values import replace
from tests.support.worlds import give_resource, prepare_home

CASE = case_named("search-allowed")
BETWEEN_LOOKS = 11
"""Seconds after which the gate looks at an issuer's keys again when a token names others."""

PATIENT = Patience(20.0)
"""Longer than one exchange may take: a provider on a busy machine needs more than a Check waits."""

DOCS = "https://docs.tools.example/mcp"
SECRET_FILE = "keys/corp.secret"
FETCHED = f"""keys: {{discover: true}}
  privateNetworks: [127.0.0.1/32]
  introspection: {{clientId: gate, clientSecret: {{file: {SECRET_FILE}}}, maxAge: 20s}}"""


def believing_home(idp: Provider, folder: Path) -> Path:
    """Make the worked world in *folder*; its issuer corp is *idp*, of which it knows the URL."""
    home = prepare_home(folder)
    document = home / "directory" / "global" / "issuers.yaml"
    text = document.read_text()
    for before, after in (
        ("issuer: https://idp.example.com\n", f"issuer: {idp.issuer}\n"),
        ("keys: {file: keys/corp.jwks.json}", FETCHED),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    document.write_text(text)
    (home / SECRET_FILE).write_text(CLIENT_SECRET)
    give_resource(home, DOCS)
    return home


def call_with(token: str) -> Case:
    """Give the call of `search-allowed` with this very token."""
    headers = [(name, text) for name, text in CASE.headers if name != "authorization"]
    return replace(CASE, headers=(*headers, ("authorization", f"Bearer {token}")))


@dataclass
class MovedClock:
    """The time of the day, and what a test adds to it: the provider lives in the present."""

    ahead: int = 0

    def __call__(self) -> Instant:
        """Tell the time."""
        return Instant(int(time.time()) + self.ahead)


@dataclass(frozen=True)
class BelievingGate:
    """A gate without sockets of its own, and the provider that it asks."""

    idp: Provider
    decision_point: DecisionPoint
    clock: MovedClock

    def reason(self, token: str) -> str:
        """Ask for a call with *token*, and give the reason of the record."""
        records = KeptRecords()
        asked = replace(self.decision_point, records=records)
        request = check_of(call_with(token)).SerializeToString()
        answer = asked.answer(request, CASE.listener, {}, PATIENT)
        response = CheckResponse.FromString(answer)
        (record,) = records.rows
        assert (record["reason"] == "allow") is (response.status.code == 0)
        return str(record["reason"])

    def look_again(self) -> None:
        """Let the gate look at the provider's keys, as it does when a token names another key."""
        self.clock.ahead += BETWEEN_LOOKS
        self.idp.control("seen")
        header = {"typ": "at+jwt", "kid": "nobody's"}
        forged = self.idp.control("forge", claims={"sub": "alice"}, header=header)
        self.reason(forged["token"])
        assert "/jwks" in [row["path"] for row in self.idp.control("seen")["requests"]]


@contextmanager
def believing_gate(idp: Provider, folder: Path) -> Iterator[BelievingGate]:
    """Run a gate that has found the provider's keys."""
    home, clock, log = believing_home(idp, folder), MovedClock(), open_log("error")
    declared = read_declared(home)
    keys = open_signing_keys(home / declared.directory.gate.keys_folder)
    worlds = CurrentWorld(declared.world(keys.public), keys)
    issuers = declared.directory.issuers.values()
    with Answering(issuers, home, Outside(clock), worlds.publish_keys, log) as answering:
        answering.wait_for_first_keys(10)
        worlds.replace(worlds.now.world, keys, answering)
        served = DecisionPoint(worlds, KeptRecords(), log, NeedAnswers(), clock)
        yield BelievingGate(idp, served, clock)
