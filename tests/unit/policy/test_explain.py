"""`policy.explain`: what is told of real policies, in the worked world and the demo's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from authz.directory.compiled import Directory
from authz.directory.load import load_directory
from authz.directory.offers import Tool
from authz.model.instant import Instant
from authz.model.principals import Actor, Authentication, Hop, Subject, UserId
from authz.model.reasons import Reason
from authz.model.scopes import ScopePatterns
from authz.policy.compiled import Policies
from authz.policy.explain import LegExplanation
from authz.policy.judge import judge
from authz.policy.load import load_policies
from authz.policy.question import Question
from authz.policy.told import lines_of
from authz.sources.folder import read_folders
from tests.support.explaining import explained
from tests.support.values import replace
from tests.support.worlds import WORLD

DEMO = Path(__file__).parents[3] / "examples/demo/world"
NOW = Instant(1_780_480_800)
"""A Wednesday, 10:00 UTC."""

World = tuple[Directory, Policies]


def read(home: Path) -> World:
    """Load directory and policies of *home*, without keys; the demo fills a port in."""
    documents, statements = read_folders(home, ("directory", "policies"))
    filled = {name: text.replace(b"${GATE_PORT}", b"1") for name, text in documents.items()}
    directory, _ = load_directory(filled)
    return directory, load_policies(statements, directory)[0]


@pytest.fixture(scope="module")
def world() -> World:
    """The worked world."""
    return read(WORLD)


def asked(world: World, call: str, *agents: str, **change: Any) -> Question:
    """Ask about *call* (`namespace/server/tool`) for frank, a clerk, through *agents*."""
    server, _, name = call.rpartition("/")
    target = world[0].targets[server]
    tool = target.tools[name]
    user = Subject(
        user=UserId("corp", "frank"),
        groups=frozenset({"corp/finance"}),
        roles=frozenset({"finance/clerk"}),
        could=ScopePatterns(tool.scopes),
        carries=tool.scopes,
        authentication=Authentication(),
        inherited=(),
        expires=Instant(NOW + 60),
    )
    question = Question(
        target=target,
        offer=tool,
        method="tools/call",
        arguments={},
        user=user,
        user_scopes=tool.scopes,
        hops=tuple(Hop(agent, Actor("i", agent)) for agent in agents),
        required=tool.scopes,
        now=NOW,
        peer_address="10.0.0.1",
        headers={},
    )
    return replace(question, **change)


AT_MOST = 'context.input.amount.lessThanOrEqual(decimal("500.0"))'
REFUNDS = "policies/ns/finance/refunds.cedar"
REFUND = {"order": "o-1", "amount": Decimal("20.5"), "currency": "EUR"}


def refund(world: World, change: Mapping[str, Any] | None = None, **rest: Any) -> Question:
    """Ask for a refund that is allowed but for *change* in its arguments."""
    arguments = {**REFUND, **(change or {})}
    return asked(world, "finance/payments/refund", "finance/payer", arguments=arguments, **rest)


def legs(question: Question, world: World) -> dict[str, LegExplanation]:
    """Explain *question*, by party."""
    return {leg.party: leg for leg in explained(question, world[1])}


def test_what_is_allowed_names_its_permits(world: World) -> None:
    """An allowed leg has the permits that hold, with their text, and nothing to change."""
    found = legs(refund(world), world)

    assert [leg.reason for leg in found.values()] == [Reason.ALLOW, Reason.ALLOW]
    (permit,) = found["finance/payer"].policies
    assert (permit.ref.id, permit.ref.line, permit.failed) == ("refund-agent", 5, None)
    assert permit.text.startswith('@id("refund-agent") @scope("payments:refund")\npermit (')
    assert not any(leg.near or leg.changes or leg.withheld for leg in found.values())


FIRST_FAILED: tuple[tuple[dict[str, Any], dict[str, Any], str, int, dict[str, str]], ...] = (
    (
        {"amount": 700},
        {},
        AT_MOST,
        3,
        {"context.input.amount": 'decimal("700.0000")'},
    ),
    (
        {"currency": "USD", "amount": 700},
        {},
        'context.input.currency == "EUR"',
        3,
        {"context.input.currency": '"USD"'},
    ),
    (
        {},
        {"now": Instant(NOW + 10 * 3600)},
        "context.session.clock.hour < 18",
        4,
        {"context.session.clock.hour": "20"},
    ),
)


@pytest.mark.parametrize(("change", "rest", "text", "line", "reads"), FIRST_FAILED, ids=str)
def test_first_condition_that_failed(
    world: World,
    change: dict[str, Any],
    rest: dict[str, Any],
    text: str,
    line: int,
    reads: dict[str, str],
) -> None:
    """The nearest permit's first false condition is told with its line and what it saw."""
    leg = legs(refund(world, change, **rest), world)["user"]

    failed = leg.near[0].failed
    assert (leg.reason, leg.near[0].ref.id) == (Reason.NO_PERMIT, "refund-user")
    assert failed is not None
    assert (failed.text, failed.line, failed.reads) == (text, line, reads)
    assert leg.changes[0].condition == text
    assert (leg.turning_point is None) == (len(change) == 2)


def test_a_group_that_is_missing(world: World) -> None:
    """Of a scope that does not fit it is told what the party is in instead."""
    question = refund(world)
    assert question.user is not None
    guest = replace(question.user, groups=frozenset({"corp/researchers"}))

    point = legs(replace(question, user=guest), world)["user"].turning_point

    assert point is not None
    assert (point.policy.id, point.part, point.wanted) == ("refund-user", "principal", True)
    assert point.reads == {"principal in Group": 'Group::"corp/researchers"'}


def test_only_what_could_permit_is_near(world: World) -> None:
    """Permits for another action, another kind of party or another tier's legs are not near."""
    found = legs(refund(world, {"amount": 700}, user=None), world)

    (leg,) = found.values()
    assert (leg.reason, [each.ref.id for each in leg.near]) == (Reason.NO_PERMIT, ["refund-agent"])


def test_forbids_that_hold(world: World) -> None:
    """A forbidden leg tells every forbid that holds, and which condition would lift each."""
    leg = legs(asked(world, "finance/payments/bare", "finance/payer"), world)["user"]

    assert leg.reason is Reason.FORBIDDEN
    assert {policy.ref.id for policy in leg.near} == {
        "mfa-for-destructive",
        "approval-where-declared",
    }
    assert [policy.failed for policy in leg.near] == [None, None]
    lifted = {point.policy.id: (point.unnegated, point.line) for point in leg.changes}
    assert lifted["approval-where-declared"] == ("context.session.approval.granted", 13)
    assert leg.turning_point is None


def test_a_forbid_alone_is_the_turning_point(world: World) -> None:
    """One forbid before a permit that holds: its last condition is what would turn the leg."""
    question = refund(world, headers={"x-request-source": "batch"})

    point = legs(question, world)["finance/payer"].turning_point

    assert point is not None
    assert (point.policy.id, point.policy.reason) == ("no-batch", "Not from batch jobs.")
    assert (point.wanted, point.line) == (False, 17)
    assert point.reads == {'context.session.headers.getTag("x-request-source")': "present"}


def test_a_policy_that_errs(world: World) -> None:
    """Of an error it is told which condition cannot be evaluated, with its arguments masked."""
    question = asked(world, "finance/payments/quote", "finance/payer", arguments={"qty": 2**63 - 1})

    leg = legs(question, world)["user"]

    failed = leg.near[0].failed
    assert (leg.reason, leg.near[0].ref.id) == (Reason.POLICY_ERROR, "quote-user")
    assert failed is not None
    assert (failed.truth, failed.reads) == ("error", {"context.input.qty": "integer, masked"})


def test_a_scope_that_no_permit_gives(world: World) -> None:
    """Of an allowed leg it is told which required scopes its permits withhold."""
    both = frozenset({"payments:refund", "payments:quote"})
    question = refund(world, required=both, user_scopes=both)
    assert judge(question, world[1]).reason is Reason.POLICY_WITHHOLDS_SCOPE

    leg = legs(question, world)["user"]

    assert (leg.reason, leg.withheld, leg.changes) == (
        Reason.ALLOW,
        frozenset({"payments:quote"}),
        (),
    )
    assert [policy.withholds for policy in leg.policies] == [{"payments:quote"}]


def test_step_ups_taken_as_met(world: World) -> None:
    """A no that is left behind a step-up is explained as if that were met."""
    question = asked(world, "tools/docs/delete_page", "research/desk", arguments={"page": "p"})

    found = legs(question, world)

    assert judge(question, world[1]).assumed == ("approval", "mfa")
    assert (found["user"].reason, found["user"].assumed) == (
        Reason.NO_PERMIT,
        ("approval", "mfa"),
    )
    assert found["user"].near[0].ref.id == "docs-writers-user"


NOTHING: tuple[dict[str, Any], ...] = (
    {"user": None, "hops": ()},
    {"arguments": {"order": 1}},
    {"arguments": {**REFUND, "amount": 2**60}},
)


@pytest.mark.parametrize("change", NOTHING, ids=str)
def test_where_no_leg_was_judged(world: World, change: dict[str, Any]) -> None:
    """Nobody to judge, or arguments that cannot be: the judgement's detail says it all."""
    assert explained(replace(refund(world), **change), world[1]) == ()


def test_masked_like_records(world: World) -> None:
    """`record` opens `/amount` and no more: other values are nowhere, whatever reads them."""
    question = asked(
        world,
        "reports/archive/write_report",
        "research/research-agent",
        arguments={"title": "OUR SECRET PLAN", "text": "hush"},
    )

    opened = legs(question, world)["research/research-agent"]
    assert isinstance(question.offer, Tool)
    masked = legs(replace(question, offer=replace(question.offer, record=frozenset())), world)

    assert opened.policies[0].conditions[-1].reads == {"context.input.title": '"OUR SECRET PLAN"'}
    assert "SECRET PLAN" not in repr(masked)
    assert "hush" not in repr(opened)


def test_told_in_lines(world: World) -> None:
    """What failed, what it saw and what would turn it, for people."""
    leg = legs(refund(world, {"amount": 700}), world)["user"]

    assert [*lines_of(leg)] == [
        "user: no_permit",
        f"  permit refund-user ({REFUNDS}:1)",
        f"    line 3: {AT_MOST} is false",
        '      context.input.amount: decimal("700.0000")',
        f"  it would be allowed if {AT_MOST} held (refund-user, {REFUNDS}:3)",
    ]


def test_the_demo() -> None:
    """In the demo's world a reader of the wrong group is told which group writes."""
    world = read(DEMO)
    question = asked(
        world, "tools/docs/annotate", "research/research-agent", arguments={"page": "p"}
    )

    found = legs(question, world)

    point = found["user"].turning_point
    assert point is not None
    assert (point.policy.id, point.condition) == (
        "writers",
        'principal in Group::"corp/researchers"',
    )
    assert found["research/research-agent"].reason is Reason.ALLOW


def test_as_deep_as_a_policy_may_be(world: World) -> None:
    """A condition nested as deep as loads is explained, and does not end the process."""
    chain = " + 1" * 220
    text = f"""\
@id("deep") permit (principal is User, action in Action::"tools/call", resource)
when {{ context.session.chain.depth{chain} > 1000 }};
@id("deep-not") permit (principal is User, action in Action::"tools/call", resource)
unless {{ {"!(false || " * 70}true{")" * 70} }};"""
    policies, _ = load_policies({"policies/global/deep.cedar": text.encode()}, world[0])

    leg = explained(refund(world), policies)[0]

    assert leg.reason is Reason.NO_PERMIT
    assert leg.turning_point is not None
    assert leg.turning_point.condition == f"context.session.chain.depth{chain} > 1000"
