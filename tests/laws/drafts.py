"""Strategies for drafts: what parties may have, and what may be taken from them.

No policy here reads `principal.scopes`: who forbids by a scope that somebody
holds is lenient where it is taken away, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product
from typing import TypeVar

from hypothesis import strategies as st

from tests.laws.parties import AGENTS, FLAWS, Draft, PolicyDraft, RoleDraft, Scopes, expected
from tests.support.values import replace

SCOPES = ("docs:read", "docs:write", "web", "x")
GROUPS = ("staff", "guests")
USERS = ("alice", "bob", "a/b", "алиса", "corp/alice", '"', "x y")

T = TypeVar("T")


def subsets(members: Sequence[T]) -> tuple[frozenset[T], ...]:
    """Give every subset, the smaller ones first: one draw of one of them is cheap, and shrinks."""
    sizes = range(len(members) + 1)
    return tuple(frozenset(each) for size in sizes for each in combinations(members, size))


def drawn_from(rows: Sequence[T]) -> st.SearchStrategy[T]:
    """Draw one of many rows by its number: they are not all shown where a strategy is."""
    return st.integers(0, len(rows) - 1).map(lambda number: rows[number])


def mostly_all(members: Sequence[T]) -> st.SearchStrategy[frozenset[T]]:
    """Draw a subset, which is the whole of *members* every other time."""
    every = subsets(members)
    return drawn_from(every + every[-1:] * len(every))


ALL = frozenset(SCOPES)
some = st.sampled_from(subsets(SCOPES))
most = mostly_all(SCOPES)
groups = st.sampled_from(subsets(GROUPS))
agents = st.integers(0, AGENTS - 1)
most_agents = mostly_all(range(AGENTS))
users = drawn_from(subsets(USERS))

roles = st.builds(RoleDraft, groups=groups, users=users, scopes=most)
TIERS = ("global", "tools", "team", *map(str, range(AGENTS)))
PARTIES = (
    *("all", "users", "agents"),
    *(f"group:{group}" for group in GROUPS),
    *(f"role:{number}" for number in range(2)),
    *(f"agent:{number}" for number in range(AGENTS)),
)
GIVEN = (None, *filter(None, subsets(SCOPES)))
permits = drawn_from([PolicyDraft(True, *row) for row in product(TIERS, PARTIES, GIVEN)])
forbids = drawn_from([PolicyDraft(False, *row, scopes=None) for row in product(TIERS, PARTIES)])
openings = st.sampled_from(
    (
        (PolicyDraft(permits=True, tier="global", who="all", scopes=None),),
        (
            PolicyDraft(permits=True, tier="tools", who="users", scopes=None),
            PolicyDraft(permits=True, tier="team", who="agents", scopes=ALL),
        ),
    )
)
"""Policies that open every leg."""

policies = st.tuples(
    st.one_of(st.just(()), openings), st.lists(permits, max_size=3), st.lists(forbids, max_size=1)
).map(lambda parts: (*parts[0], *parts[1], *parts[2]))

opened = st.one_of(
    openings, st.tuples(openings, st.lists(permits, max_size=2)).map(lambda p: (*p[0], *p[1]))
)
few = st.lists(permits, max_size=4).map(tuple)

scopes_by = st.sampled_from(("token-within-roles", "token", "roles"))
PASSED = tuple(each for size in (1, 2, 3) for each in permutations(range(AGENTS), size))
chains = st.one_of(st.none(), drawn_from(PASSED), st.lists(agents, max_size=AGENTS).map(tuple))

strangers = st.builds(
    Draft,
    may_assert=most,
    may_assert_groups=groups,
    roles=st.tuples(roles, roles),
    ceilings=st.tuples(*[most] * AGENTS),
    active=most_agents,
    listed=most_agents,
    accepted=most_agents,
    required=some,
    policies=policies,
    lifetime=st.integers(1, 300),
    plain_subjects=st.booleans(),
    caller=agents,
    inherited=chains,
    user=st.sampled_from(USERS),
    token_scopes=most,
    token_groups=groups,
    ends=st.integers(1, 400),
    scopes_by=scopes_by,
    flaw=st.sampled_from(("",) * len(FLAWS) + FLAWS),
)

PASSED_BY = tuple(
    drawn_from([None] * 40 + [chain for chain in PASSED if caller not in chain])
    for caller in range(AGENTS)
)
"""By caller: what its credential may have passed before."""


@st.composite
def willing(draw: st.DrawFn) -> Draft:
    """Draw a draft whose parties all hold what is required; policies are another matter."""
    required, caller, user = draw(some), draw(agents), draw(st.sampled_from(USERS))
    everybody = frozenset(range(AGENTS))
    return Draft(
        may_assert=required | draw(some),
        may_assert_groups=draw(groups),
        roles=(
            RoleDraft(draw(groups), frozenset({user}), required | draw(some)),
            draw(roles),
        ),
        ceilings=tuple(required | draw(some) for _ in range(AGENTS)),
        active=everybody,
        listed=everybody,
        accepted=everybody,
        required=required,
        policies=draw(st.one_of(opened, openings, policies, few)),
        lifetime=draw(st.integers(1, 300)),
        plain_subjects=draw(st.booleans()),
        caller=caller,
        inherited=draw(PASSED_BY[caller]),
        user=user,
        token_scopes=required | draw(some),
        token_groups=draw(groups),
        ends=draw(st.integers(1, 400)),
        scopes_by=draw(scopes_by),
    )


TOKEN, LAST_AGENT = 2, 6
"""Who may lack a scope, by number: what the issuer may assert, roles, token, then agents."""


def _lost(scope: str, party: int, draft: Draft) -> Draft:
    """Take *scope* from one party altogether."""
    match party:
        case 0:
            return replace(draft, may_assert=draft.may_assert - {scope})
        case 1:
            less = (replace(role, scopes=role.scopes - {scope}) for role in draft.roles)
            return replace(draft, roles=tuple(less))
        case _ if party == TOKEN:
            return replace(draft, token_scopes=draft.token_scopes - {scope})
    loser = draft.chain[(party - TOKEN - 1) % len(draft.chain)]
    rows = enumerate(draft.ceilings)
    return replace(draft, ceilings=tuple(s - {scope} if n == loser else s for n, s in rows))


def _knotted(draft: Draft, party: int) -> Draft:
    """Give the credential a chain that cannot be: too long, or with the caller in it."""
    others = tuple(number for number in range(AGENTS) if number != draft.caller)
    before = (draft.inherited or others[:1])[:2]
    return replace(draft, inherited=others if party % 2 else (*before, draft.caller))


@st.composite
def friends(draw: st.DrawFn) -> Draft:
    """Draw a draft whose parties are willing; every other time one thing is not as it should be."""
    draft, party = draw(willing()), draw(st.integers(0, 17))
    if party > LAST_AGENT:
        return _knotted(draft, party) if party > 15 else draft
    if not draft.required:
        return draft
    scopes = sorted(draft.required)
    return _lost(scopes[draw(st.integers(0, len(scopes) - 1))], party, draft)


drafts = st.one_of(friends(), friends(), strangers)


@st.composite
def allowed(draw: st.DrawFn) -> Draft:
    """Draw a draft whose call passes: everybody holds what is required, and every leg is open."""
    return replace(draw(willing()), policies=draw(opened))


SCOPE_TAKEN = "scope taken"
REFUSALS = (
    "suspended",
    "tool not listed",
    "caller not accepted",
    "credential ended",
    *(f"credential: {flaw}" for flaw in FLAWS),
    "no policy",
    "agent forbidden",
    "user forbidden",
    SCOPE_TAKEN,
)
"""The kinds of what `refusals` gives; only where nothing is required can no scope be taken."""


def refusals(draft: Draft) -> Iterator[tuple[str, Draft]]:
    """Give *draft* with one party that says no altogether, for each party there is."""
    for number in draft.chain:
        yield "suspended", replace(draft, active=draft.active - {number})
    yield "tool not listed", replace(draft, listed=draft.listed - {draft.caller})
    yield "caller not accepted", replace(draft, accepted=draft.accepted - {draft.caller})
    yield "credential ended", replace(draft, ends=0)
    for flaw in FLAWS:
        yield f"credential: {flaw}", replace(draft, flaw=flaw)
    yield "no policy", replace(draft, policies=())
    for number in draft.chain:
        for tier in ("global", "tools", "team", str(number)):
            yield "agent forbidden", _forbidden(draft, tier, f"agent:{number}")
    for tier in ("global", "tools"):
        yield "user forbidden", _forbidden(draft, tier, "users")
    for scope in sorted(draft.required)[:1]:
        for less in without(scope, draft):
            if less != draft and expected(less) is None:
                yield SCOPE_TAKEN, less


def _forbidden(draft: Draft, tier: str, who: str) -> Draft:
    forbid = PolicyDraft(permits=False, tier=tier, who=who, scopes=None)
    return replace(draft, policies=(*draft.policies, forbid))


def without(scope: str, draft: Draft) -> Iterator[Draft]:
    """Give *draft* with *scope* taken from one party, for each that had it."""
    yield replace(draft, token_scopes=draft.token_scopes - {scope})
    yield replace(draft, may_assert=draft.may_assert - {scope})
    for number, role in enumerate(draft.roles):
        less = replace(role, scopes=role.scopes - {scope})
        yield replace(draft, roles=(*draft.roles[:number], less, *draft.roles[number + 1 :]))
    for number, ceiling in enumerate(draft.ceilings):
        rest = draft.ceilings[number + 1 :]
        yield replace(draft, ceilings=(*draft.ceilings[:number], ceiling - {scope}, *rest))
    for number in range(len(draft.policies)):
        yield _policy_without(scope, number, draft)


def _policy_without(scope: str, number: int, draft: Draft) -> Draft:
    """Take *scope* from one permit; one that gave nothing else is gone altogether."""
    before, policy, after = (
        draft.policies[:number],
        draft.policies[number],
        draft.policies[number + 1 :],
    )
    if not policy.permits:
        return draft
    given: Scopes = ALL if policy.scopes is None else policy.scopes
    less = given - {scope}
    kept = (replace(policy, scopes=less),) if less else ()
    return replace(draft, policies=(*before, *kept, *after))
