"""`policy.tiers`: the folder says how far a policy reaches, and a wrong one is no tier at all."""

from __future__ import annotations

import pytest

from authz.policy.tiers import NO_GUARD, NoTier, guard_of

NAMESPACES = frozenset({"research", "tools"})
AGENTS = ("research/assistant", "research/writer")

TIERS: tuple[tuple[str, str], ...] = (
    ("policies/global/a.cedar", NO_GUARD),
    ("policies/global/deep/er/a.cedar", NO_GUARD),
    (
        "policies/ns/tools/a.cedar",
        'resource in Namespace::"tools" || principal is Agent in Namespace::"tools"',
    ),
    (
        "policies/ns/research/deep/a.cedar",
        'resource in Namespace::"research" || principal is Agent in Namespace::"research"',
    ),
    ("policies/agents/research/assistant/a.cedar", 'principal == Agent::"research/assistant"'),
    ("policies/agents/research/writer/x/a.cedar", 'principal == Agent::"research/writer"'),
)

NO_TIERS: tuple[tuple[str, str, str], ...] = (
    ("policies/a.cedar", "no such folder", "policies/global/"),
    ("policies/Global/a.cedar", "no such folder", "policies/global/"),
    ("policies/globals/a.cedar", "no such folder", "policies/global/"),
    ("policies/global", "no such folder", "policies/global/"),
    ("policies/ns/a.cedar", "no such folder", "policies/ns/<namespace>/"),
    ("policies/namespace/tools/a.cedar", "no such folder", "policies/ns/<namespace>/"),
    ("policies/agents/a.cedar", "no such folder", "policies/agents/"),
    ("policies/agents/research/a.cedar", "no such folder", "policies/agents/"),
    ("policies/agent/research/assistant/a.cedar", "no such folder", "policies/agents/"),
    ("policies/tools/a.cedar", "no such folder", "policies/global/"),
    ("policies/ns/tool/a.cedar", "there is no namespace tool", "did you mean 'tools'?"),
    ("policies/ns/Tools/a.cedar", "there is no namespace Tools", "did you mean 'tools'?"),
    ("policies/ns//a.cedar", "there is no namespace", ""),
    ("policies/ns/global/a.cedar", "there is no namespace global", ""),
    (
        "policies/agents/research/asistant/a.cedar",
        "no document declares the agent research/asistant",
        "did you mean 'research/assistant'?",
    ),
    (
        "policies/agents/tools/assistant/a.cedar",
        "no document declares the agent tools/assistant",
        "",
    ),
)


@pytest.mark.parametrize(("file", "guard"), TIERS)
def test_tier(file: str, guard: str) -> None:
    """Only the global tier speaks of everything."""
    assert guard_of(file, NAMESPACES, AGENTS) == guard


@pytest.mark.parametrize(("file", "says", "hint"), NO_TIERS)
def test_no_tier(file: str, says: str, hint: str) -> None:
    """A misspelt folder, or one of nobody, gets no power, and least of all the global one."""
    with pytest.raises(NoTier, match=f"^[a-z ]*{says}") as refused:
        guard_of(file, NAMESPACES, AGENTS)

    assert hint in refused.value.hint
