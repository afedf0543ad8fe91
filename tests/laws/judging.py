"""One question to the policies: may alice, by an agent, call this tool with these arguments?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.directory.offers import Tool
from authz.model.instant import Instant
from authz.model.principals import Actor, Authentication, Hop, Subject, UserId
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, ScopePatterns
from authz.policy.judge import judge
from authz.policy.load import load_policies
from authz.policy.question import Question
from tests.laws.deciding import EMPTY, agent_name, directory_of
from tests.laws.parties import NOW
from tests.support.values import replace

PLAIN = directory_of(EMPTY)
DOCS = PLAIN.targets["tools/docs"]
TOOL = DOCS.tools["act"]

ALICE = Subject(
    user=UserId("corp", "alice"),
    groups=frozenset(),
    roles=frozenset(),
    could=ScopePatterns(NO_SCOPES),
    carries=NO_SCOPES,
    authentication=Authentication(),
    inherited=(),
    expires=Instant(NOW + 60),
)


def tool_named(name: str) -> Tool:
    """Give the tool of the plain world under another name."""
    return replace(TOOL, name=f"{DOCS.name}/{name}")


def judged(
    policies: bytes,
    tool: Tool = TOOL,
    arguments: Mapping[str, Any] | None = None,
    user: UserId = ALICE.user,
    others: tuple[Tool, ...] = (),
) -> Reason:
    """Judge a call of *tool* by *user*, in a world that declares *others* as well."""
    tools = {each.name.split("/", 2)[2]: each for each in (tool, *others)}
    target = replace(DOCS, tools=tools)
    directory = replace(PLAIN, targets={target.name: target})
    question = Question(
        target=target,
        offer=tool,
        method="tools/call",
        arguments=arguments or {},
        user=replace(ALICE, user=user),
        user_scopes=NO_SCOPES,
        hops=(Hop(agent_name(0), Actor("i", "s")),),
        required=NO_SCOPES,
        now=Instant(NOW),
        peer_address="",
        headers={},
    )
    return judge(
        question, load_policies({"policies/global/a.cedar": policies}, directory)[0]
    ).reason
