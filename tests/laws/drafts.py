"""Strategies for drafts: what parties may have, and what may be taken from them.

No policy here reads `principal.scopes`: who forbids by a scope that somebody
holds is lenient where it is taken away, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import strategies as st

from tests.laws.parties import AGENTS, Draft, PolicyDraft, RoleDraft, Scopes

SCOPES = ("docs:read", "docs:write", "web", "x")
GROUPS = ("staff", "guests")
USERS = ("alice", "bob", "a/b", "алиса", "corp/alice", '"', "x y")

some = st.frozensets(st.sampled_from(SCOPES))
most = st.one_of(st.just(frozenset(SCOPES)), some)
groups = st.frozensets(st.sampled_from(GROUPS))
agents = st.integers(0, AGENTS - 1)
most_agents = st.one_of(st.just(frozenset(range(AGENTS))), st.frozensets(agents))

roles = st.builds(
    RoleDraft, groups=groups, users=st.frozensets(st.sampled_from(USERS)), scopes=most
)
tiers = st.one_of(st.sampled_from(("global", "tools", "team")), agents.map(str))
parties = st.one_of(
    st.sampled_from(("all", "users", "agents")),
    st.sampled_from(GROUPS).map("group:{}".format),
    st.integers(0, 1).map("role:{}".format),
    agents.map("agent:{}".format),
)
permits = st.builds(
    PolicyDraft,
    permits=st.just(True),
    tier=tiers,
    who=parties,
    scopes=st.one_of(st.none(), some.filter(bool)),
)
forbids = st.builds(PolicyDraft, permits=st.just(False), tier=tiers, who=parties, scopes=st.none())
openings = st.sampled_from(
    (
        (PolicyDraft(permits=True, tier="global", who="all", scopes=None),),
        (
            PolicyDraft(permits=True, tier="tools", who="users", scopes=None),
            PolicyDraft(permits=True, tier="team", who="agents", scopes=frozenset(SCOPES)),
        ),
    )
)
"""Policies that open every leg."""

policies = st.tuples(
    st.one_of(st.just(()), openings), st.lists(permits, max_size=3), st.lists(forbids, max_size=1)
).map(lambda parts: (*parts[0], *parts[1], *parts[2]))

opened = st.tuples(openings, st.lists(permits, max_size=2)).map(lambda p: (*p[0], *p[1]))
few = st.lists(permits, max_size=4).map(tuple)

chains = st.one_of(
    st.none(),
    st.lists(agents, min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(agents, max_size=AGENTS).map(tuple),
)

strangers = st.builds(
    Draft,
    may_assert=most,
    may_assert_groups=groups,
    roles=st.tuples(roles, roles),
    ceilings=st.tuples(*[most] * AGENTS),
    active=most_agents,
    listed=most_agents,
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
)


@st.composite
def friends(draw: st.DrawFn) -> Draft:
    """Draw a draft whose parties hold what is required, but for a slip now and then."""
    required = draw(some)
    user, caller = draw(st.sampled_from(USERS)), draw(agents)
    others = [number for number in range(AGENTS) if number != caller]
    hops = st.lists(st.sampled_from(others), min_size=1, max_size=3, unique=True).map(tuple)

    def holding() -> Scopes:
        slips = draw(st.integers(0, 14)) == 0
        return (required | draw(some)) - ({draw(st.sampled_from(SCOPES))} if slips else set())

    role = RoleDraft(draw(groups), frozenset({user}), holding())
    everybody = frozenset(range(AGENTS))
    return Draft(
        may_assert=holding(),
        may_assert_groups=draw(groups),
        roles=(role, draw(roles)),
        ceilings=tuple(holding() for _ in range(AGENTS)),
        active=everybody,
        listed=everybody,
        required=required,
        policies=draw(st.one_of(opened, openings, policies, few)),
        lifetime=draw(st.integers(1, 300)),
        plain_subjects=draw(st.booleans()),
        caller=caller,
        inherited=draw(st.one_of(st.none(), hops)),
        user=user,
        token_scopes=holding(),
        token_groups=draw(groups),
        ends=draw(st.integers(1, 400)),
    )


drafts = st.one_of(friends(), strangers)


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
    given: Scopes = frozenset(SCOPES) if policy.scopes is None else policy.scopes
    less = given - {scope}
    kept = (replace(policy, scopes=less),) if less else ()
    return replace(draft, policies=(*before, *kept, *after))
