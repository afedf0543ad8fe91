"""Strategies for policies that look at anything, and for questions of all kinds to their world."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import strategies as st

from authz.directory.compiled import Agent, Lifecycle, TargetKind
from authz.directory.diagnostics import InvalidWorld
from authz.directory.offers import HTTPRoute, MCPResource, Prompt, SubjectRule, Tasks
from authz.directory.routes import Routes
from authz.model.instant import Instant
from authz.model.principals import Actor, Authentication, Hop, Subject, UserId
from authz.model.resource_uri import ResourceUri
from authz.model.scopes import NO_SCOPES
from authz.model.strict_json import JSON
from authz.policy.compiled import Policies
from authz.policy.load import load_policies
from authz.policy.question import Question
from tests.laws.conditions import ATOMS, Written, joined, principals, tiers
from tests.laws.conditions import notes as step_ups
from tests.laws.deciding import NAMED, agent_name, directory_of
from tests.laws.judging import ALICE, DOCS, TOOL
from tests.laws.parties import NOW
from tests.support.values import replace

A0, A1 = (f'Agent::"{agent_name(number)}"' for number in range(2))
ABOUT_ANYTHING = (
    *(atom for atom in ATOMS if "Args" not in atom and "resource" not in atom),
    'principal == User::"corp/alice"',
    f"principal != {A1}",
    'principal in [Role::"role-0", Group::"corp/guests"]',
    'principal is User in Role::"crew/role-1"',
    f"[{A0}, {A1}].contains(principal)",
    "resource.scopes.containsAny(principal.scopes)",
    'principal is Agent && principal.lifecycle == Lifecycle::"active"',
    'principal is Agent in Namespace::"crew"',
    f'{A1}.lifecycle == Lifecycle::"active"',
    f'{A0} in Namespace::"team"',
    f"(if context.session.approval.granted then {A0} else {A1}).scopes.isEmpty()",
    'User::"corp/alice".scopes.contains("x")',
    'User::"corp/bob" in Group::"corp/staff"',
    'Session::"request".auth.level > 0',
    'Texts::"args".hasTag("/a")',
    f"context.session.chain.actors.contains({A1})",
    "principal is Agent && context.session.chain.actors.contains(principal)",
    "context.session has chain",
    "context.session has clock && context.session has auth",
    "context.session has net && context.session has consent",
    "{session: context.session}.session has approval",
    "context.session has agent && context.session.agent == principal",
    'context.session has agent && context.session.agent in Namespace::"team"',
    'context.session has user && context.session.user == User::"corp/bob"',
    'context.session has user && context.session.user.scopes.contains("x")',
    "context.session has user && principal in context.session.user",
    "context.session.consent.scopes.containsAll(resource.scopes)",
    'context.session.headers.hasTag("x-a") && context.session.headers.getTag("x-a") == "1"',
    'context.session.net has source && context.session.net.source.isInRange(ip("10.0.0.0/8"))',
    'context.session.auth.amr.contains("otp")',
    "context.session.auth == context.session.auth",
    'context.session.clock.now.durationSince(context.session.auth.time) > duration("1s")',
    'principal has scopes && action in [Action::"do:write", Action::"http"]',
    'resource in Namespace::"tools"',
    'resource is HTTPRoute in HTTPService::"tools/web" && resource.method == "GET"',
    'resource is MCPResource && resource.uri like "*b"',
    "resource is Tool && resource.readOnly && resource.sensitivity > 2",
)
ABOUT_TOOLS = (
    *(atom for atom in ATOMS if "Args" in atom or "resource" in atom),
    'context.input has a && context.input.a like "1*"',
    "context.input has n && 9223372036854775807 + context.input.n > 0",
    "context.input has nowhere && context.input has n && context.input.n == 1",
    'context.untypedArgs.contains("/u")',
    "resource.untypedOk || context.untypedArgs.isEmpty()",
    "context has input && context has unknownArgs",
    'action == Action::"tools/call:tools/docs/look" && resource.openWorld != false',
    'resource == Tool::"tools/docs/act" || context.session.auth.level == 0',
    "!resource.readOnly && 9223372036854775807 + resource.sensitivity > 0",
)
ABOUT_WHAT_IS_SAID = (
    'context.input has a && context.input.a == "1"',
    "context.input has n && context.input.n == 1",
    "context.unknownArgs.isEmpty()",
    'context.untypedArgs.contains("/u")',
    'context.session.args.hasTag("/a") && context.session.args.getTag("/a") == "2"',
    'context.session.headers.hasTag("x-a")',
    'context.session.net has source && context.session.net.source.isInRange(ip("10.0.0.0/8"))',
    'context.session.args.hasTag("/a") && context.session.auth.level > 1',
    'context.session.headers.hasTag("x-a") && context.session.approval.granted',
    'context.session.args.hasTag("/n") && context.session.clock.hour < 12',
    'principal == User::"corp/alice" && context.unknownArgs.isEmpty()',
)
ABOUT_A_FILE = (
    'resource.uri like "*b"',
    'resource.uri == "file:///a" && context.session.auth.level > 1',
    'resource.uri == "file:///a" && context.session.headers.hasTag("x-a")',
    "context.session has user && context.session.user == principal && resource has uri",
)
TOOL_ACTIONS = (
    'action in Action::"tools/call"',
    'action == Action::"tools/call:tools/docs/look"',
    'action in [Action::"tools/call:tools/docs/act", Action::"tools/call:tools/docs/look"]',
)
ACTIONS = ("action", 'action in Action::"do:read"', 'action in [Action::"mcp", Action::"http"]')
RESOURCES = (
    "resource",
    "resource",
    'resource in Namespace::"tools"',
    'resource in MCPServer::"tools/docs"',
    'resource == Tool::"tools/docs/look"',
    "resource is HTTPRoute",
)
PRINCIPALS = st.one_of(
    principals,
    st.sampled_from(
        ('principal == User::"corp/alice"', 'principal in Role::"role-0"', f"principal in {A0}")
    ),
)

LOOK = replace(
    TOOL,
    name=f"{DOCS.name}/look",
    action="read",
    read_only=True,
    sensitivity=3,
    open_world=False,
    scopes=frozenset({"x"}),
    input_schema={
        "type": "object",
        "properties": {"a": {"type": "string"}, "n": {"type": "integer"}, "u": {}},
    },
)
PROMPT = Prompt(f"{DOCS.name}/ask", frozenset({"x"}), SubjectRule.OPTIONAL)
FILE = MCPResource(
    f"{DOCS.name}/file", ResourceUri.parse("file:///{name}"), NO_SCOPES, SubjectRule.OPTIONAL
)
TASKS = Tasks(DOCS.name, frozenset({"x"}), SubjectRule.OPTIONAL)
ROUTE = HTTPRoute("tools/web/GET /a", "GET", "/a", "read", frozenset({"x"}), SubjectRule.OPTIONAL)


def _agent(agent: Agent, number: int) -> Agent:
    lifecycle = Lifecycle.ACTIVE if number % 2 else Lifecycle.RETIRED
    return replace(
        agent, lifecycle=lifecycle, scopes=frozenset({"x", "y"}) if number else NO_SCOPES
    )


SERVER = replace(
    DOCS,
    tools={"act": TOOL, "look": LOOK},
    prompts={"ask": PROMPT},
    resources={"file": FILE},
    tasks=TASKS,
)
SERVICE = replace(
    DOCS,
    name="tools/web",
    kind=TargetKind.HTTP_SERVICE,
    tools={},
    routes=Routes.of([ROUTE]),
)
PLAIN = directory_of(NAMED)
WORLD = replace(
    PLAIN,
    gate=replace(PLAIN.gate, policy_headers=frozenset({"x-a"})),
    agents={name: _agent(agent, n) for n, (name, agent) in enumerate(PLAIN.agents.items())},
    targets={SERVER.name: SERVER, SERVICE.name: SERVICE},
)
OFFERS = (TOOL, LOOK, LOOK, PROMPT, FILE, TASKS, replace(TASKS, action="read"), None)


def _policies(actions: tuple[str, ...], atoms: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Draw the scope and the conditions of a policy."""
    conditions = st.recursive(st.sampled_from(atoms), joined, max_leaves=4)
    clauses = st.tuples(st.sampled_from(("when", "unless")), conditions)
    return st.builds(
        lambda who, action, what, rows: (
            f"({who}, {action}, {what})\n"
            + "\n".join(f"{kind} {{ {text} }}" for kind, text in rows)
        ),
        PRINCIPALS,
        st.sampled_from(actions),
        st.sampled_from(RESOURCES),
        st.lists(clauses, max_size=3),
    )


bodies = st.one_of(
    _policies(TOOL_ACTIONS, (*ABOUT_TOOLS, *ABOUT_ANYTHING)), _policies(ACTIONS, ABOUT_ANYTHING)
)
effects = st.one_of(
    st.sampled_from(("permit", "permit", '@scope("x") permit', '@scope("x y") permit')),
    st.builds("{}forbid".format, step_ups),
)


def _saying(action: str, atoms: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Draw the scope and a condition of a policy on what calls say."""
    return st.builds(
        f"(principal, action {action}, resource) when {{{{ {{}} }}}}".format,
        st.recursive(st.sampled_from(atoms), joined, max_leaves=3),
    )


saying_bodies = st.one_of(
    _saying('in Action::"tools/call"', ABOUT_WHAT_IS_SAID),
    _saying('== Action::"resources/read"', ABOUT_A_FILE),
)
BROAD = Written("global", '@id("broad") permit (principal, action, resource);')
"""So that it is often a forbid, or an error, that counts."""


@st.composite
def policies(draw: st.DrawFn) -> tuple[Written, ...]:
    """Draw some policies of all tiers."""
    count = draw(st.integers(1, 6))
    rows = [
        Written(draw(tiers), f'@id("p{number}") {draw(effects)} {draw(bodies)};')
        for number in range(count)
    ]
    return (*rows, BROAD) if draw(st.booleans()) else tuple(rows)


@st.composite
def policies_on_what_is_said(draw: st.DrawFn) -> tuple[Written, ...]:
    """Draw policies that read what calls say."""
    count = draw(st.integers(1, 3))
    rows = [
        Written("global", f'@id("p{number}") {draw(effects)} {draw(saying_bodies)};')
        for number in range(count)
    ]
    return (*rows, BROAD)


@lru_cache(maxsize=1000)
def loaded(rows: tuple[Written, ...]) -> Policies | None:
    """Load *rows*; None where the validator finds one that holds for nothing."""
    files = {f"policies/{row.tier}/{n}.cedar": row.text.encode() for n, row in enumerate(rows)}
    try:
        return load_policies(files, WORLD)[0]
    except InvalidWorld:
        return None


def _subset(*names: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names))


logins = st.builds(
    Authentication,
    level=st.integers(0, 2),
    acr=st.sampled_from(("", "a", "ab*")),
    amr=_subset("otp", "pwd"),
    time=st.sampled_from((Instant(0), Instant(NOW - 10), Instant(NOW))),
)


def _subject(
    name: str, groups: frozenset[str], roles: frozenset[str], login: Authentication
) -> Subject:
    user = UserId("corp", name)
    return replace(ALICE, user=user, groups=groups, roles=roles, authentication=login)


subjects = st.builds(
    _subject,
    st.sampled_from(("alice", "bob", "carol")),
    _subset("corp/staff", "corp/guests", "corp/others"),
    _subset("role-0", "crew/role-1"),
    logins,
)
arguments: st.SearchStrategy[dict[str, JSON]] = st.fixed_dictionaries(
    {},
    optional={
        "a": st.sampled_from(("1", "2", 3)),
        "n": st.integers(0, 1),
        "u": st.just(None),
        "odd": st.just({"__extn": {"fn": "unknown", "arg": "x"}}),
    },
)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a question: anybody, for anybody or nobody, about anything that is declared."""
    offer = draw(st.sampled_from((*OFFERS, ROUTE)))
    user = draw(st.none() | subjects)
    hops = draw(st.lists(st.integers(0, 3), min_size=0 if user else 1, max_size=3, unique=True))
    has_arguments = offer in (TOOL, LOOK, PROMPT)
    return Question(
        target=SERVICE if offer is ROUTE else SERVER,
        offer=offer,
        method=draw(st.sampled_from(("ping", "tools/list"))),
        arguments=draw(arguments) if has_arguments else None,
        user=user,
        user_scopes=draw(_subset("x", "y")) if user else NO_SCOPES,
        hops=tuple(Hop(agent_name(number), Actor("i", str(number))) for number in hops),
        required=draw(_subset("x")),
        now=Instant(NOW),
        peer_address=draw(st.sampled_from(("", "10.1.2.3", "1.2.3.4"))),
        headers=draw(st.sampled_from(({}, {"x-a": "1", "x-b": "1"}))),
        uri=draw(st.sampled_from(("file:///a", "file:///b"))),
    )


@st.composite
def sayings(draw: st.DrawFn) -> tuple[Question, ...]:
    """Draw what a few ask about one tool or file, time and again, each time in other words."""
    offer = draw(st.sampled_from((LOOK, LOOK, FILE)))
    few = draw(st.lists(questions(), min_size=1, max_size=2))
    said = draw(st.lists(questions(), min_size=3, max_size=6))
    return tuple(
        replace(
            draw(st.sampled_from(few)),
            target=SERVER,
            offer=offer,
            arguments=(each.arguments or {}) if offer is LOOK else None,
            headers=each.headers,
            peer_address=each.peer_address,
            uri=each.uri,
            now=Instant(NOW + draw(st.sampled_from((0, 1, 43_200)))),
        )
        for each in said
    )
