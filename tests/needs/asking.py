"""The worked world with an issuer whose keys are fetched, and a port to answer for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from authz.directory.compiled import Issuer
from authz.identity.keys import IssuerKeys, read_key_set
from authz.model.instant import Instant
from authz.model.needs import IntrospectionNeeded, KeysNeeded, Unanswered
from authz.server.decision_point import DecisionPoint
from authz.server.needs import NeedAnswers
from authz.server.worlds import CurrentWorld
from tests.support.cases import Case
from tests.support.keys import jwks
from tests.support.values import replace
from tests.support.worlds import load_world

ISSUERS = "directory/global/issuers.yaml"
FETCHED = "  keys: {discover: true}\n"
INTROSPECTION = (
    "  introspection: {clientId: gate, clientSecret: {file: secrets/corp}, maxAge: 30s}\n"
)
IN_A_FILE = "  keys: {file: keys/corp.jwks.json}\n"

Need = KeysNeeded | IntrospectionNeeded


@dataclass
class Answerer:
    """An identity provider as the server sees it: a fake at the port, which keeps what it heard."""

    answers: Mapping[Need, object] = field(default_factory=dict)
    heard: list[Need] = field(default_factory=list)

    def answer(self, need: Need, seconds: float) -> object:
        """Give the prepared answer."""
        assert seconds > 0
        self.heard.append(need)
        return self.answers.get(need, Unanswered("nobody is there"))

    def fetched(self) -> Mapping[str, IssuerKeys]:
        """Give nothing: what is not asked for is not known."""
        return {}


def fetched(*names: str, fresh_until: int, usable_until: int) -> IssuerKeys:
    """Give the keys of *names* as they were fetched."""
    keys = read_key_set(jwks(*names))
    return IssuerKeys(keys, Instant(fresh_until), Instant(usable_until))


def asking(home: Path, decision_point: DecisionPoint, elsewhere: Answerer) -> DecisionPoint:
    """Give a server in the world of *home* where corp's keys are fetched, and none are yet."""
    document = home / ISSUERS
    text = document.read_text()
    assert IN_A_FILE in text
    document.write_text(text.replace(IN_A_FILE, FETCHED + INTROSPECTION))
    world, keys = load_world(home)
    worlds = CurrentWorld(world, keys, elsewhere)
    return replace(decision_point, worlds=worlds, needs=NeedAnswers())


def answered_by(server: DecisionPoint, elsewhere: Answerer) -> DecisionPoint:
    """Give *server* with a world of its own, whose needs *elsewhere* answers."""
    now = server.worlds.now
    worlds = CurrentWorld(now.world, now.keys, elsewhere)
    return replace(server, worlds=worlds, needs=NeedAnswers())


def issuer_of(server: DecisionPoint) -> Issuer:
    """Give the Issuer corp as it is declared."""
    return server.world.directory.issuers["corp"]


def with_credential(case: Case, credential: str) -> Case:
    """Give *case* with another bearer token."""
    kept = [row for row in case.headers if row[0] != "authorization"]
    return replace(case, headers=(*kept, ("authorization", f"Bearer {credential}")))


def members(case: Case, **changed: Any) -> dict[str, Any]:
    """Give what an issuer says of an active token for alice; None leaves a member out."""
    said = {
        "active": True,
        "iss": "https://idp.example.com",
        "sub": "alice",
        "aud": "https://gate.example.org",
        "exp": case.now + 600,
        "scope": "docs:read docs:write",
        "groups": ["researchers"],
        "token_type": "Bearer",
        **changed,
    }
    return {name: value for name, value in said.items() if value is not None}


Asking = Callable[[Answerer], DecisionPoint]
