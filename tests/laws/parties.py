"""A small world as plain data, and what must become of a call in it, by sets alone.

`Draft` says what each party has. `expected` is the law in a few lines of set
arithmetic; it shares nothing with the package but the words.
"""

from __future__ import annotations

from dataclasses import dataclass

NOW = 1_780_480_800
AGENTS = 5
MAX_CHAIN = 4

FLAWS = ("key", "audience", "issuer", "type", "ahead", "act", "client", "unsigned")
"""Signed by another key; addressed to another, or to another as well; of an unknown issuer; of
another type; issued in the future; with a chain that proves nothing; given to another agent;
not signed at all."""

Scopes = frozenset[str]
NOBODY: Scopes = frozenset()


@dataclass(frozen=True)
class RoleDraft:
    """A role: who has it, and what it gives."""

    groups: Scopes
    users: Scopes
    scopes: Scopes


@dataclass(frozen=True)
class PolicyDraft:
    """A policy that depends on nothing but the leg."""

    permits: bool
    tier: str
    """`global`, `tools` (the target's), `team` (the agents') or an agent's number."""

    who: str
    """`all`, `users`, `agents`, `group:<g>`, `role:<n>` or `agent:<n>`."""

    scopes: Scopes | None
    """`@scope` of a permit; None is whatever is required."""


@dataclass(frozen=True)
class Draft:
    """What every party has, and one call."""

    may_assert: Scopes
    may_assert_groups: Scopes
    roles: tuple[RoleDraft, ...]
    ceilings: tuple[Scopes, ...]
    """Of the agents, by number."""

    active: frozenset[int]
    listed: frozenset[int]
    """Agents whose connection lists the tool."""

    accepted: frozenset[int]
    """Agents that the target names as its callers."""

    required: Scopes
    policies: tuple[PolicyDraft, ...]
    lifetime: int
    plain_subjects: bool

    caller: int
    inherited: tuple[int, ...] | None
    """None is a token of the identity provider; else one of ours that passed these agents."""

    user: str
    token_scopes: Scopes
    token_groups: Scopes
    ends: int
    """Seconds from now that the credential still lives."""

    scopes_by: str = "token-within-roles"
    """The issuer's `userScopes`: what sets the scopes of its users."""

    flaw: str = ""
    """What is wrong with the credential, one of `FLAWS`; empty for a sound one."""

    @property
    def chain(self) -> tuple[int, ...]:
        """The proven chain, the caller first."""
        return (self.caller, *(self.inherited or ()))


def user_groups(draft: Draft) -> Scopes:
    """Give the groups that count: asserted within bounds, and never by our own token."""
    return NOBODY if draft.inherited is not None else draft.token_groups & draft.may_assert_groups


def user_roles(draft: Draft) -> tuple[int, ...]:
    """Give the numbers of the roles that the user has."""
    groups = user_groups(draft)
    return tuple(
        number
        for number, role in enumerate(draft.roles)
        if draft.user in role.users or role.groups & groups
    )


def user_scopes(draft: Draft) -> Scopes:
    """Give what the credential carries, within what the user could ever hold."""
    if draft.inherited is not None:
        return draft.token_scopes
    given = NOBODY.union(*(draft.roles[number].scopes for number in user_roles(draft)))
    counts = {
        "token": draft.token_scopes,
        "roles": given,
        "token-within-roles": draft.token_scopes & given,
    }
    return counts[draft.scopes_by] & draft.may_assert


def held_by(draft: Draft, leg: int | None) -> Scopes:
    """Give what a leg's party holds; None is the user's leg."""
    return user_scopes(draft) if leg is None else draft.ceilings[leg]


def reaches(policy: PolicyDraft, leg: int | None, draft: Draft) -> bool:
    """Say whether *policy* speaks of the leg, by its tier and by whom it names."""
    tiers = {"global", "tools", *(() if leg is None else ("team", str(leg)))}
    names = {"all", "users" if leg is None else "agents"}
    if leg is None:
        names |= {f"group:{group}" for group in user_groups(draft)}
        names |= {f"role:{number}" for number in user_roles(draft)}
    else:
        names.add(f"agent:{leg}")
    return policy.tier in tiers and policy.who in names


def granted_to(draft: Draft, leg: int | None) -> Scopes | None:
    """Give what policies give a leg of what is required; None where they do not allow it."""
    speaking = [policy for policy in draft.policies if reaches(policy, leg, draft)]
    permits = [policy for policy in speaking if policy.permits]
    if not permits or len(permits) < len(speaking):
        return None
    given = (draft.required if each.scopes is None else each.scopes for each in permits)
    return draft.required & held_by(draft, leg) & NOBODY.union(*given)


def chain_is_good(draft: Draft) -> bool:
    """Say whether the chain is one that can be: no repeats, not too long, its end not empty."""
    chain = draft.chain
    unique = len(set(chain)) == len(chain)
    return unique and len(chain) <= MAX_CHAIN and draft.inherited != ()


def expected(draft: Draft) -> Scopes | None:
    """Give the scopes of the token that must be minted; None where the call must be refused."""
    legs = (None, *draft.chain)
    proven = chain_is_good(draft) and draft.ends > 0 and not draft.flaw
    declared = draft.caller in draft.listed & draft.accepted
    if not proven or not declared or not draft.active.issuperset(draft.chain):
        return None
    if any(not draft.required <= held_by(draft, leg) for leg in legs):
        return None
    granted = [granted_to(draft, leg) for leg in legs]
    return draft.required if all(each == draft.required for each in granted) else None
