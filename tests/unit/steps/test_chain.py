"""`steps.chain`: which declared agent an actor is, and whom a token may have been given to."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Directory
from authz.identity.access_token import TokenRejected
from authz.model.principals import MAX_CHAIN, Actor, Hop
from authz.model.reasons import Reason
from authz.model.strict_json import JSON
from authz.steps.chain import (
    declared_agent,
    inherit_chain,
    refuse_foreign_act,
    refuse_foreign_client,
    refuse_other_actor,
)

DOMAIN, CORP = "spiffe://example.org", "https://idp.example.com"
PAYER = f"{DOMAIN}/ns/finance/sa/payer"
CALLER = Hop("finance/payer", Actor(DOMAIN, PAYER))

ACTORS = {
    "by SPIFFE ID": (Actor(DOMAIN, PAYER), "finance/payer"),
    "by client": (Actor(CORP, "payer"), "finance/payer"),
    "of another trust domain": (Actor("spiffe://example.net", PAYER), None),
    "of a part of the domain": (Actor("spiffe://example.or", PAYER), None),
    "a workload that nobody declares": (Actor(DOMAIN, f"{DOMAIN}/ns/finance/sa/other"), None),
    "no SPIFFE ID": (Actor(DOMAIN, f"{DOMAIN}/"), None),
    "a workload, said by an issuer": (Actor(CORP, PAYER), None),
    "a client of another issuer": (Actor("https://login.example.net", "payer"), None),
    "a client of nobody": (Actor("https://other.example", "payer"), None),
}


@pytest.mark.parametrize(("actor", "agent"), ACTORS.values(), ids=ACTORS)
def test_declared_agent(actor: Actor, agent: str | None, directory: Directory) -> None:
    """An actor is an agent only by the exact pair that the agent's document declares."""
    found = declared_agent(actor, directory)

    assert (found.name if found else None) == agent


def test_act_of_an_idp(directory: Directory) -> None:
    """An `act` of an IdP never proves a chain; one that names another agent is that agent's."""
    own: dict[str, JSON] = {"iss": DOMAIN, "sub": PAYER}
    other: JSON = {"iss": DOMAIN, "sub": f"{DOMAIN}/ns/research/sa/desk"}

    assert refuse_foreign_act(own, CALLER, directory).reason is Reason.CHAIN_REFUSED
    assert refuse_foreign_act({}, CALLER, directory).reason is Reason.CHAIN_REFUSED
    assert refuse_foreign_act(other, CALLER, directory).reason is Reason.CREDENTIAL_NOT_YOURS
    assert (
        refuse_foreign_act({**own, "act": other}, CALLER, directory).reason
        is Reason.CREDENTIAL_NOT_YOURS
    )


@pytest.mark.parametrize("name", ["client_id", "azp"])
def test_foreign_client(name: str, directory: Directory) -> None:
    """A token that was given to another declared agent is not the caller's, however it is named."""

    def reason(client: JSON) -> Reason | None:
        refused = refuse_foreign_client({name: client}, "corp", (CALLER,), directory)
        return refused.reason if refused else None

    assert reason("research-agent") is Reason.CREDENTIAL_NOT_YOURS
    assert reason(f"{DOMAIN}/ns/research/sa/desk") is Reason.CREDENTIAL_NOT_YOURS
    assert reason("payer") is None
    assert reason(PAYER) is None
    assert reason("web-portal") is None
    assert reason(None) is None
    with pytest.raises(TokenRejected):
        reason(["payer"])


MAY_ACT = {
    "its SPIFFE ID": ({"iss": DOMAIN, "sub": PAYER}, True),
    "its SPIFFE ID alone": ({"sub": PAYER}, True),
    "its client id": ({"iss": CORP, "sub": "payer"}, True),
    "its client id alone": ({"sub": "payer"}, True),
    "another agent": ({"iss": DOMAIN, "sub": f"{DOMAIN}/ns/research/sa/desk"}, False),
    "another agent's client id": ({"sub": "research-agent"}, False),
    "its client id at another issuer": (
        {"iss": "https://login.example.net", "sub": "payer"},
        False,
    ),
    "its SPIFFE ID of another trust domain": ({"iss": "spiffe://other.org", "sub": PAYER}, False),
    "its SPIFFE ID, said to be a client": ({"iss": CORP, "sub": PAYER}, False),
    "nobody who is declared": ({"sub": "web-portal"}, False),
}


@pytest.mark.parametrize(("may_act", "is_caller"), MAY_ACT.values(), ids=MAY_ACT)
def test_who_may_act(
    may_act: JSON,
    is_caller: bool,  # noqa: FBT001 - a column
    directory: Directory,
) -> None:
    """A token that says who may act for its user is nobody else's."""
    refused = refuse_other_actor(may_act, directory.issuers["corp"], CALLER, directory)

    assert (refused is None) is is_caller
    assert refused is None or refused.reason is Reason.CREDENTIAL_NOT_YOURS


@pytest.mark.parametrize("may_act", [None, {}, "payer", [{"sub": "payer"}], {"sub": 1}, {"iss": 1}])
def test_unreadable_who_may_act(may_act: JSON, directory: Directory) -> None:
    """Who may act has to be said in a way that can be read."""
    with pytest.raises(TokenRejected):
        refuse_other_actor(may_act, directory.issuers["corp"], CALLER, directory)


NAMES = ("research/sa/desk", "research/sa/assistant", "reports/sa/analytics-agent")


def test_longest_chain(directory: Directory) -> None:
    """With the caller a chain has `MAX_CHAIN` hops at most, and each of them once."""

    def chain_of(*names: str) -> object:
        act: JSON = None
        for name in reversed(names):
            inner: dict[str, JSON] = {} if act is None else {"act": act}
            act = {"iss": DOMAIN, "sub": f"{DOMAIN}/ns/{name}", **inner}
        found = inherit_chain(act, CALLER, directory)
        return [hop.agent for hop in found] if isinstance(found, tuple) else found.reason

    assert len(NAMES) == MAX_CHAIN - 1
    assert chain_of(*NAMES) == [name.replace("/sa/", "/") for name in NAMES]
    assert chain_of(*NAMES, "research/sa/research-agent") is Reason.CHAIN_REFUSED
    assert chain_of("finance/sa/payer") is Reason.CHAIN_REFUSED
    assert chain_of(NAMES[0], NAMES[1], NAMES[0]) is Reason.CHAIN_REFUSED
    assert chain_of("finance/sa/nobody") is Reason.CHAIN_REFUSED
