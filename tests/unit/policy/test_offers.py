"""What policies see of prompts, resources and tasks, and what spoils it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from authz.model.instant import Instant
from authz.model.operation import Operation, PromptUse, ResourceUse, TaskUse
from authz.model.principals import Actor, Hop
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES
from authz.model.strict_json import JSON
from authz.policy.judge import judge
from authz.policy.offers import action_of, groups_of
from authz.policy.question import Question
from authz.server.decision_point import DecisionPoint
from authz.world import World

AGENT = "research/research-agent"


@pytest.fixture
def world(decision_point: DecisionPoint) -> World:
    """The worked world."""
    return decision_point.world


def asked(operation: Operation, world: World) -> Question:
    """Ask for *operation* at tools/docs, by an agent alone."""
    target = world.directory.targets["tools/docs"]
    offer = target.offer_for(operation)
    assert offer is not None
    return Question(
        target=target,
        offer=offer,
        method=operation.method,
        arguments=operation.arguments if isinstance(operation, PromptUse) else None,
        user=None,
        user_scopes=NO_SCOPES,
        hops=(Hop(AGENT, Actor("", AGENT)),),
        required=offer.scopes,
        now=Instant(1),
        peer_address="",
        headers={},
        uri=operation.uri if isinstance(operation, ResourceUse) else "",
    )


ACTIONS: tuple[tuple[Operation, str, str], ...] = (
    (PromptUse("summarise", {}), "prompts/get", "do:read"),
    (PromptUse("summarise", {}, "completion/complete"), "prompts/get", "do:read"),
    (ResourceUse("docs://handbook"), "resources/read", "do:read"),
    (ResourceUse("docs://handbook", "resources/subscribe"), "resources/read", "do:read"),
    (TaskUse("tasks/get"), "tasks/read", "do:read"),
    (TaskUse("tasks/cancel", writes=True), "tasks/write", "do:write"),
)


@pytest.mark.parametrize(("operation", "action", "group"), ACTIONS, ids=str)
def test_actions(operation: Operation, action: str, group: str, world: World) -> None:
    """Each is one action, in the groups that the schema says too."""
    question = asked(operation, world)

    assert (action_of(question), groups_of(question)) == (action, ("mcp", group))
    assert judge(question, world.policies).reason is Reason.ALLOW


SPOILT: tuple[Mapping[str, JSON], ...] = (
    {"topic": "\ud800"},
    {"\udfff": "tides"},
    {f"a{number}": "x" for number in range(2000)},
)


@pytest.mark.parametrize("arguments", SPOILT, ids=["a surrogate", "in a name", "too many"])
def test_arguments_that_cannot_be_judged(arguments: Mapping[str, JSON], world: World) -> None:
    """Texts that are none, and more than are judged, are refused before the engine has them."""
    question = asked(PromptUse("summarise", arguments), world)

    assert judge(question, world.policies).reason is Reason.BAD_ARGUMENT


def test_pointers_are_folded(world: World) -> None:
    """A prompt's argument in capital letters meets the rule on the small ones as well."""
    question = asked(PromptUse("summarise", {"TOPIC": "salaries"}), world)

    assert judge(question, world.policies).reason is Reason.FORBIDDEN
