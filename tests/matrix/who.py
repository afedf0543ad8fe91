"""Everyone: the callers of the worked world, and the users that they may say to act for.

All of it follows from the directory, so that a new agent, issuer, group, role or
caller is asked about without being named here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from authz.directory.compiled import Agent, Directory, Issuer, Target
from authz.model.instant import Instant
from tests.support.keys import sign
from tests.support.worlds import ISSUER_KEYS, OWN_KEY

SOMEBODY = "somebody"
"""`sub` of a user whom no document names."""

STRANGERS = {
    "(no identity)": "",
    "(a foreign trust domain)": "spiffe://elsewhere.example/ns/research/sa/research-agent",
    "(an undeclared workload)": "spiffe://example.org/ns/research/sa/nobody",
}
"""Callers that are no declared agent, by label: their TLS principals."""

SEVERAL_FACTORS = 2


@dataclass(frozen=True)
class User:
    """A user with a credential, or nobody."""

    label: str
    story: str
    token: str | None


def principal_of(agent: Agent) -> str:
    """Give the first of the identities that the workload may show."""
    return min(map(str, agent.spiffe_ids))


def everyone(directory: Directory, now: Instant) -> Iterator[User]:
    """Give the users that any caller may come with: each issuer with each group and role."""
    yield User("nobody", "no credential at all", None)
    first = next(iter(directory.issuers.values()))
    yield User("ended", "a user whose token has ended", _idp_token(first, {"exp": now}, now))
    for issuer in directory.issuers.values():
        yield from _users_of(issuer, directory, now)


def _users_of(issuer: Issuer, directory: Directory, now: Instant) -> Iterator[User]:
    name, own = issuer.name, sorted(issuer.groups)
    foreign = sorted(set().union(*(row.groups for row in directory.issuers.values())) - set(own))

    def user(label: str, story: str, **claims: Any) -> User:
        claims = {"scope": _everything(directory), "groups": [], **claims}
        return User(label, story, _idp_token(issuer, claims, now))

    yield user(name, "in no group")
    for member in _members(name, directory):
        sub = member.partition("/")[2]
        yield user(member, "named by a role, in no group", sub=sub)
    for group in own:
        yield user(f"{name}+{group}", f"in the group {group}", groups=[group])
    if own:
        yield user(f"{name}+all", "in every group that the issuer may assert", groups=own)
        without = "the same, with a token that carries no scope"
        yield user(f"{name}+all-scopes", without, groups=own, scope="")
    if foreign:
        yield user(f"{name}+foreign", "said to be in groups of other issuers", groups=foreign)
    for (client_of, client), agent in sorted(directory.agents_by_client.items()):
        if client_of == name:
            story = f"in every group, with a token that was given to {agent.name}"
            yield user(f"{name}+all@{agent.name}", story, groups=own, client_id=client)
    strong = [acr for acr, level in issuer.acr_levels.items() if level >= SEVERAL_FACTORS]
    for acr in sorted(strong):
        story = "in every group, logged in just now with several factors"
        yield user(f"{name}+all+mfa", story, groups=own, acr=acr, auth_time=now - 60)


def _members(issuer: str, directory: Directory) -> list[str]:
    return sorted(each for each in directory.roles_by_user if each.startswith(f"{issuer}/"))


def inherited(agent: Agent, directory: Directory, now: Instant) -> Iterator[User]:
    """Give the users that reach *agent* through others: each by each chain that may call it."""
    target = directory.targets.get(agent.name)
    if target is None or agent.audience is None:
        return
    for user in sorted(directory.roles_by_user):
        token = _own_token(agent, (), user, directory, now)
        yield User(f"{user} via nobody", "in a token without a chain", token)
    for chain in _chains(target, directory):
        via = " < ".join(each.name for each in chain)
        for name in directory.issuers:
            for user in (f"{name}/{SOMEBODY}", *_members(name, directory)):
                story = "named by a role" if user in directory.roles_by_user else "in no role"
                token = _own_token(agent, chain, user, directory, now)
                yield User(f"{user} via {via}", story, token)


def _chains(target: Target, directory: Directory) -> Iterator[tuple[Agent, ...]]:
    """Give the chains by which *target* is called, the latest caller first."""
    for caller in directory.agents.values():
        if not target.accepts(caller.name):
            continue
        yield (caller,)
        called = directory.targets.get(caller.name)
        for chain in _chains(called, directory) if called else ():
            yield (caller, *chain)


def _everything(directory: Directory) -> str:
    offers = (offer for target in directory.targets.values() for offer in target.offers)
    return " ".join(sorted({scope for offer in offers for scope in offer.scopes}))


def _idp_token(issuer: Issuer, claims: dict[str, Any], now: Instant) -> str:
    times = {"iat": now - 10, "exp": now + 600, "jti": "j-1"}
    own = {"iss": issuer.url, "aud": min(issuer.audiences), "sub": SOMEBODY}
    return _signed(ISSUER_KEYS[issuer.name][0], own | times | claims)


def _own_token(
    agent: Agent, chain: tuple[Agent, ...], user: str, directory: Directory, now: Instant
) -> str:
    act: dict[str, Any] = {}
    for each in reversed(chain):
        sub = principal_of(each)
        act = {"iss": _authority(sub), "sub": sub, **act}
        act = {"act": act}
    own = {"iss": directory.gate.issuer_url, "aud": agent.audience, "sub": user, **act}
    times = {"iat": now - 5, "exp": now + 55, "jti": "j-2"}
    return _signed(OWN_KEY, {**own, **times, "scope": _everything(directory)})


def _authority(principal: str) -> str:
    """Give the trust domain of a SPIFFE ID, as the `iss` of an actor."""
    return principal[: principal.index("/", len("spiffe://"))]


def _signed(key: str, claims: dict[str, Any]) -> str:
    return sign(key, {"alg": "ES256", "typ": "at+jwt", "kid": key}, json.dumps(claims).encode())
