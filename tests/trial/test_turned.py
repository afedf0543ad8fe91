"""Each denial names the one fact that would turn it, and changing that fact in the files does.

The world is the demo's; the first four are its scenes.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from authz.identity.keys import KeySet
from authz.model.instant import Instant
from authz.model.reasons import Reason
from authz.sources.declared import read_policies
from authz.trial.run import Trial, run
from authz.trial.stated import Setting
from authz.trial.told import Told, state
from authz.world import World
from examples.demo.places import WORLD as DEMO
from tests.support.values import replace

NOW = Instant(1_780_000_000)
ALICE = Told(
    agent="research/research-agent",
    operation="tools/docs/annotate",
    arguments={"page": "tides"},
    user="corp/alice",
    groups=frozenset({"corp/researchers"}),
)
RITA = replace(ALICE, user="corp/rita", groups=frozenset({"corp/reporters"}))
SHADOW = replace(ALICE, operation="tools/docs/read_page", arguments={"path": "/etc/shadow"})

AGENTS, ROLES = "directory/ns/research/agents.yaml", "directory/ns/research/roles.yaml"
TOOLS, ISSUERS = "directory/ns/tools/docs.yaml", "directory/global/issuers.yaml"
WRITERS = "policies/ns/tools/docs.cedar"


@dataclass(frozen=True)
class Turned:
    """A denied call: its one fact, and the fact changed in the question or in a file."""

    told: Told
    reason: Reason
    subject: str
    member: str
    as_told: Mapping[str, Any] | None = None
    in_file: tuple[str, str, str] | None = None
    """File, what stands there, what stands there instead."""

    before: tuple[str, str, str] | None = None
    """What makes the world that it is denied in."""

    def __str__(self) -> str:
        return f"{self.reason} {self.subject}"


TURNED = (
    Turned(
        replace(ALICE, operation="tools/docs/drafts", arguments={}),
        Reason.OPERATION_UNDECLARED,
        "Agent research/research-agent",
        "tools of its connection to tools/docs",
        in_file=(AGENTS, "read_page, annotate]", "read_page, annotate, drafts]"),
    ),
    Turned(
        replace(ALICE, agent="research/assistant"),
        Reason.AGENT_LACKS_SCOPE,
        "Agent research/assistant",
        "scopes, within its Cell",
        in_file=(AGENTS, 'scopes: ["docs:read"] ', 'scopes: ["docs:read", "docs:write"] '),
    ),
    Turned(
        RITA,
        Reason.USER_LACKS_SCOPE,
        "the user corp/rita",
        "groups",
        as_told={"groups": frozenset({"corp/reporters", "corp/researchers"})},
    ),
    Turned(
        SHADOW,
        Reason.FORBIDDEN,
        "policy workspace-paths-only (policies/global/guardrails.cedar:23)",
        'context.input.path like "*..*"',
        as_told={"arguments": {"path": "/workspace/shadow"}},
    ),
    Turned(
        replace(ALICE, user=None),
        Reason.CREDENTIAL_MISSING,
        "the request",
        "authorization",
        as_told={"user": "corp/alice"},
    ),
    Turned(
        replace(ALICE, scopes=frozenset({"docs:read"})),
        Reason.INSUFFICIENT_SCOPE,
        "the credential",
        "scope",
        as_told={"scopes": frozenset({"docs:read", "docs:write"})},
    ),
    Turned(
        replace(ALICE, operation="tools/doc/search"),
        Reason.TARGET_UNKNOWN,
        "the route",
        "context_extensions.target",
        as_told={"operation": "tools/docs/search", "arguments": {"query": "x"}},
    ),
    Turned(
        ALICE,
        Reason.SUSPENDED,
        "Agent research/research-agent",
        "lifecycle",
        before=(AGENTS, "lifecycle: active", "lifecycle: suspended"),
        in_file=(AGENTS, "lifecycle: suspended", "lifecycle: active"),
    ),
    Turned(
        ALICE,
        Reason.CONNECTION_UNDECLARED,
        "MCPServer tools/docs",
        "callers",
        before=(TOOLS, '["research/*"]', '["tools/*"]'),
        in_file=(TOOLS, '["tools/*"]', '["tools/*", "research/research-agent"]'),
    ),
    Turned(
        ALICE,
        Reason.CONNECTION_UNDECLARED,
        "Agent research/research-agent",
        "connections to tools/docs",
        before=(
            AGENTS,
            "    - {to: tools/docs, tools: [search, read_page, annotate]}",
            "",
        ),
        in_file=(
            AGENTS,
            "connections:\n",
            "connections:\n    - {to: tools/docs, tools: [annotate]}\n",
        ),
    ),
    Turned(
        ALICE,
        Reason.USER_LACKS_SCOPE,
        "Issuer corp",
        "mayAssert.scopes",
        before=(ISSUERS, 'scopes: ["docs:*"]', 'scopes: ["docs:read"]'),
        in_file=(ISSUERS, 'scopes: ["docs:read"]', 'scopes: ["docs:read", "docs:write"]'),
    ),
    Turned(
        ALICE,
        Reason.USER_LACKS_SCOPE,
        "the Roles of corp/alice (research/researcher)",
        "scopes, within their Cells",
        before=(ROLES, '"docs:read", "docs:write"', '"docs:read"'),
        in_file=(ROLES, '["docs:read"]', '["docs:read", "docs:write"]'),
    ),
    Turned(
        replace(ALICE, operation="tools/docs/search", arguments={"query": "x"}),
        Reason.NO_PERMIT,
        "policy read-only-tools",
        "resource.sensitivity <= 2",
        before=(TOOLS, "sensitivity: 1", "sensitivity: 3"),
        in_file=(TOOLS, "sensitivity: 3", "sensitivity: 2"),
    ),
    Turned(
        ALICE,
        Reason.NO_PERMIT,
        "the policies for user",
        'permit of Action::"tools/call:tools/docs/annotate"',
        before=(WRITERS, "tools/docs/annotate", "tools/docs/drafts"),
        in_file=(WRITERS, "tools/docs/drafts", "tools/docs/annotate"),
    ),
    Turned(
        ALICE,
        Reason.POLICY_WITHHOLDS_SCOPE,
        "the permits for user: writers",
        "@scope",
        before=(WRITERS, '@id("writers") @scope("docs:write")', '@id("writers") @scope("docs:x")'),
        in_file=(WRITERS, '@scope("docs:x")', '@scope("docs:x docs:write")'),
    ),
)


def tried(told: Told, home: Path) -> Trial:
    """Decide what is told in the world of *home*."""
    directory, policies, _ = read_policies(home)
    return run(Setting(state(told, directory, NOW), World("", directory, policies, {}, KeySet(()))))


def edit(home: Path, change: tuple[str, str, str] | None) -> None:
    """Change the first place in a file."""
    if change is not None:
        file, old, new = change
        text = (home / file).read_text()
        assert old in text, old
        (home / file).write_text(text.replace(old, new, 1))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo's world, its port filled in."""
    home = tmp_path / "home"
    shutil.copytree(DEMO, home)
    edit(home, ("directory/global/gate.yaml", "127.0.0.1:${GATE_PORT}", "127.0.0.1:9001"))
    return home


@pytest.mark.parametrize("case", TURNED, ids=str)
def test_turned(case: Turned, demo: Path) -> None:
    """The call is denied, names one fact, and with that fact changed it is allowed."""
    edit(demo, case.before)

    denied = tried(case.told, demo)

    assert denied.reason is case.reason
    (fact,) = denied.changes
    assert case.subject in fact.subject
    assert case.member in fact.member

    edit(demo, case.in_file)
    assert tried(replace(case.told, **(case.as_told or {})), demo).reason is Reason.ALLOW


def test_every_step_is_told(demo: Path) -> None:
    """What comes after a refusal is evaluated as if that were mended."""
    trial = tried(RITA, demo)

    states = {step.number: step.state for step in trial.steps}
    assert (states[7], states[8], states[9]) == ("passed", "refused", "refused")
    assert trial.held == {"user": frozenset(), "research/research-agent": {"docs:write"}}


def test_two_facts(demo: Path) -> None:
    """Where more than one stands in the way all are named, in the order of the steps."""
    edit(
        demo,
        (AGENTS, 'scopes: ["docs:read", "docs:write", "search:query"]', 'scopes: ["docs:read"]'),
    )
    trial = tried(replace(ALICE, scopes=frozenset()), demo)

    assert [change.member for change in trial.changes] == ["scopes, within its Cell", "scope"]
    assert trial.is_cured


def test_where_a_permit_could_stand(demo: Path) -> None:
    """Where no permit speaks to a party, it is told from which folders one would reach it."""
    (demo / WRITERS).write_text("")

    trial = tried(ALICE, demo)

    reached = "policies/global/ or policies/ns/tools/"
    agents = "policies/ns/research/ or policies/agents/research/research-agent/"
    assert trial.reason is Reason.NO_PERMIT
    assert not trial.is_cured
    assert [(change.subject, change.needed) for change in trial.changes] == [
        ("the policies for user", f"one in {reached}"),
        ("the policies for research/research-agent", f"one in {reached} or {agents}"),
    ]


def test_one_permit_that_is_missing_beside_one_that_is_near(demo: Path) -> None:
    """One party's missing permit hides no condition of another's, and is not called tried."""
    text = (demo / WRITERS).read_text()
    first, second = text.index(";"), text.rindex("tools/docs/annotate")
    narrowed = f'{text[:first]} when {{ context.input.page == "waves" }}{text[first:second]}'
    (demo / WRITERS).write_text(f"{narrowed}tools/docs/drafts{text[second + 19 :]}")

    trial = tried(ALICE, demo)

    assert [(change.member, change.was_tried) for change in trial.changes] == [
        ('permit of Action::"tools/call:tools/docs/annotate"', False),
        ('context.input.page == "waves"', True),
    ]
    assert not trial.is_cured


def test_condition_that_is_not_all(demo: Path) -> None:
    """A permit that would hold, but would not give the scope, is not said to be enough."""
    written = '@id("writers") @scope("docs:write")'
    edit(demo, (WRITERS, written, '@id("writers") @scope("docs:x")'))
    text = (demo / WRITERS).read_text()
    first = text.index(";")
    narrowed = f'{text[:first]} when {{ context.input.page == "waves" }}{text[first:]}'
    (demo / WRITERS).write_text(narrowed)

    trial = tried(ALICE, demo)

    assert trial.reason is Reason.NO_PERMIT
    assert not trial.is_cured
    assert [(change.member, change.was_tried) for change in trial.changes] == [
        ("@scope", False),
        ('context.input.page == "waves"', True),
    ]

    turned = tried(replace(ALICE, arguments={"page": "waves"}), demo)
    assert turned.reason is Reason.POLICY_WITHHOLDS_SCOPE
