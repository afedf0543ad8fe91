"""Strategies for conditions and policies over a plain world, and for questions to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from hypothesis import strategies as st

from authz.model.instant import Instant
from authz.model.principals import Actor, Authentication, Hop
from authz.model.scopes import NO_SCOPES
from authz.model.strict_json import JSON
from authz.policy.compiled import Policies
from authz.policy.load import load_policies
from authz.policy.question import Question
from tests.laws.deciding import NAMED, agent_name, directory_of
from tests.laws.judging import ALICE, DOCS, TOOL
from tests.laws.parties import NOW
from tests.support.values import replace

ATOMS = (
    "true",
    "false",
    "context.session has user",
    'context.session has user && context.session.user in Group::"corp/staff"',
    "context.session.auth.level >= 2",
    "context.session.chain.depth > 1",
    "context.session.clock.hour < 12",
    "context.session.consent.granted",
    "context.session.approval.granted",
    "context.unknownArgs.isEmpty()",
    'principal is User || principal in Namespace::"team"',
    'principal.scopes.contains("x")',
    'resource in MCPServer::"tools/docs"',
    "resource.sensitivity <= 4",
    '["a", "b"].contains(context.session.auth.acr)',
    'context.session.auth.acr like "a*\\*"',
    'context.session.args.hasTag("/a") && context.session.args.getTag("/a") == "1"',
    "9223372036854775807 + context.session.chain.depth > 0",
    '{a: context.session.clock.hour, "b c": 1}.a - 2 * -1 != 3',
    'context.session.clock.now < datetime("2030-01-01")',
    "if context.session.clock.weekday == 3 then resource.readOnly else resource.destructive",
)
"""Conditions that validate, of every kind that Cedar has; one errs where it is evaluated."""


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Join conditions by `&&`, `||` and `!`."""
    pairs = st.tuples(inner, st.sampled_from(("&&", "||")), inner)
    return st.one_of(
        pairs.map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"),
        inner.map("!({})".format),
    )


conditions = st.recursive(st.sampled_from(ATOMS), joined, max_leaves=5)

tiers = st.sampled_from(("global", "global", "ns/tools", "ns/team", f"agents/{agent_name(0)}"))
principals = st.sampled_from(
    (
        "principal",
        "principal",
        "principal is User",
        "principal is Agent",
        'principal in Group::"corp/staff"',
        'principal is Agent in Namespace::"team"',
        f'principal == Agent::"{agent_name(0)}"',
    )
)
actions = st.sampled_from(
    (
        'action in Action::"tools/call"',
        'action in Action::"tools/call"',
        'action in Action::"do:read"',
        'action in [Action::"do:write", Action::"tools/call:tools/docs/act"]',
    )
)
bodies = st.lists(st.tuples(st.sampled_from(("when", "unless")), conditions), max_size=3).map(
    lambda rows: "\n".join(f"{kind} {{ {text} }}" for kind, text in rows)
)
notes = st.sampled_from(("", "", '@step_up("mfa") ', '@step_up("approval") '))


@dataclass(frozen=True)
class Written:
    """One policy as text, and the tier that it lies in."""

    tier: str
    text: str


@st.composite
def policies(draw: st.DrawFn) -> tuple[Written, ...]:
    """Draw some policies of all tiers."""
    rows = []
    for number in range(draw(st.integers(1, 5))):
        effect = draw(st.sampled_from(("permit", "permit", "forbid")))
        note = draw(notes) if effect == "forbid" else ""
        scope = f"{draw(principals)}, {draw(actions)}, resource is Tool"
        text = f'@id("p{number}") {note}{effect} ({scope})\n{draw(bodies)};'
        rows.append(Written(draw(tiers), text))
    return tuple(rows)


LOOK = replace(TOOL, name=f"{DOCS.name}/look", action="read")
WORLD = replace(
    directory_of(NAMED),
    targets={DOCS.name: replace(DOCS, tools={"act": TOOL, "look": LOOK})},
)


@lru_cache(maxsize=1000)
def loaded(rows: tuple[Written, ...]) -> Policies:
    """Load *rows*, each in a file of its own, in their order."""
    files = {f"policies/{row.tier}/{n}.cedar": row.text.encode() for n, row in enumerate(rows)}
    return load_policies(files, WORLD)[0]


def question(
    groups: frozenset[str] = frozenset(), arguments: Mapping[str, JSON] | None = None, hops: int = 1
) -> Question:
    """Ask about the one tool of the world, for alice through *hops* agents."""
    return Question(
        target=DOCS,
        offer=TOOL,
        method="tools/call",
        arguments=arguments or {},
        user=replace(ALICE, groups=groups, authentication=Authentication(acr="ab*")),
        user_scopes=NO_SCOPES,
        hops=tuple(Hop(agent_name(number), Actor("i", str(number))) for number in range(hops)),
        required=NO_SCOPES,
        now=Instant(NOW),
        peer_address="",
        headers={},
    )


questions = st.builds(
    question,
    groups=st.sampled_from((frozenset[str](), frozenset({"corp/staff"}))),
    arguments=st.sampled_from(({}, {"a": 1})),
    hops=st.integers(1, 2),
)
