"""A client that asks: what has to be found out of its token, and what ours then says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from authz.model.needs import Inactive, Introspected, IntrospectionNeeded, KeysNeeded, Unanswered
from authz.server.decision_point import DecisionPoint
from tests.identities.world import SEARCH, SESSION, every_listener
from tests.needs.asking import Answerer, answered_by, asking, fetched, members, with_credential
from tests.support.cases import Case
from tests.support.direct import Decided, decide_case
from tests.support.expect import claims_in
from tests.support.values import replace
from tests.support.worlds import prepare_home

TOKEN = "opaque-0123456789"
CLIENT = "research-agent"
ACTOR = {"iss": "https://idp.example.com", "sub": CLIENT}


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, decision_point: DecisionPoint
) -> DecisionPoint:
    """A gate with a listener of every kind, where corp's keys and words are fetched."""
    home = every_listener(prepare_home(tmp_path_factory.mktemp("clients")))
    return asking(home, decision_point, Answerer())


def told(server: DecisionPoint, answer: object, case: Case = SEARCH) -> tuple[Decided, Answerer]:
    """Send *case* with an opaque token that its issuer says *answer* of."""
    answerer = Answerer({IntrospectionNeeded("corp", TOKEN): answer})
    at_client = replace(with_credential(case, TOKEN), listener="client", principal="")
    return decide_case(at_client, answered_by(server, answerer)), answerer


def said(**changed: Any) -> Introspected:
    """Give what corp says of an active token of the agent's client."""
    return Introspected(members(SEARCH, client_id=CLIENT, **changed))


def test_for_a_user(server: DecisionPoint) -> None:
    """The token is asked about once; user and client are both from it."""
    decided, answerer = told(server, said())
    claims = claims_in(decided.token)

    assert answerer.heard == [IntrospectionNeeded("corp", TOKEN)]
    assert (decided.record["agent"], decided.record["user"]) == (
        "research/research-agent",
        "corp/alice",
    )
    assert (claims["sub"], claims["client_id"], claims["act"]) == ("corp/alice", CLIENT, ACTOR)


def test_for_itself(server: DecisionPoint) -> None:
    """Without a user our token is the client's own, and nobody acts for anybody."""
    decided, _ = told(server, said(sub=CLIENT), SESSION)
    claims = claims_in(decided.token)

    assert (claims["sub"], claims["client_id"], "act" in claims) == (CLIENT, CLIENT, False)
    assert (decided.record["user"], decided.record["workload"]) == (None, None)


def test_for_itself_by_what_a_login_has(tmp_path: Path, decision_point: DecisionPoint) -> None:
    """Where corp says what every login has, a `sub` of its own makes no client a user."""
    home = every_listener(prepare_home(tmp_path / "world"))
    issuers = home / "directory/global/issuers.yaml"
    claims = "amr: /amr, authTime: /auth_time"
    issuers.write_text(issuers.read_text().replace(claims, f"{claims}, login: /sid"))
    strict = asking(home, decision_point, Answerer())

    itself, _ = told(strict, said(sub="5f0c"), SESSION)
    asked, _ = told(strict, said(sub="5f0c"))
    user, _ = told(strict, said(sub="5f0c", sid="s-1"), SESSION)

    assert (claims_in(itself.token)["sub"], itself.record["user"]) == (CLIENT, None)
    assert (asked.record["reason"], asked.record["user"]) == ("credential_missing", None)
    assert user.record["user"] == "corp/5f0c"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Inactive(), "workload_untrusted"),
        (Unanswered("it is down"), "fault"),
        (Introspected(members(SEARCH)), "workload_untrusted"),
        (Introspected(members(SEARCH, client_id="payer")), "connection_undeclared"),
        (
            Introspected(members(SEARCH, client_id=CLIENT, aud="https://x.example")),
            "workload_untrusted",
        ),
    ],
    ids=["inactive", "nobody says", "no client", "another client", "for others"],
)
def test_otherwise(answer: object, reason: str, server: DecisionPoint) -> None:
    """What does not prove the client proves nobody; what nobody can say is our fault."""
    decided, _ = told(server, answer)

    assert decided.record["reason"] == reason
    assert decided.record["step"] in {2, 5}
    assert not decided.response.ok_response.headers


def test_keys_are_fetched(server: DecisionPoint) -> None:
    """A JWT whose key is not known yet waits for the issuer's keys in step 2, and passes step 3."""
    keys = fetched("corp-1", fresh_until=SEARCH.now + 60, usable_until=SEARCH.now + 60)
    answerer = Answerer({KeysNeeded("corp"): keys})
    case = replace(SEARCH, listener="client", principal="")

    decided = decide_case(case, answered_by(server, answerer))

    # The case's token is web-portal's, which is no agent: so far it comes by fetched keys alone.
    assert (decided.record["reason"], decided.record["step"]) == ("agent_undeclared", 2)
    assert decided.record["client"] == {"iss": ACTOR["iss"], "sub": "web-portal"}
    assert answerer.heard == [KeysNeeded("corp")]


def test_keys_that_nobody_can_fetch(server: DecisionPoint) -> None:
    """An outage of the issuer is our fault, and tells nobody to log in."""
    case = replace(SEARCH, listener="client", principal="")

    decided = decide_case(case, answered_by(server, Answerer()))

    assert (decided.record["reason"], decided.record["step"]) == ("fault", 2)
    assert decided.answer[0] == 503
