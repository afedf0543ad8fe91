"""`directory.overview`: who may call what, as both ends declare it, and what a Cell cut away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from authz.directory.load import compile_directory, load_documents
from authz.directory.overview import Entry, overview
from tests.unit.directory.changes import ROOT, sound

AGENTS, DOCS = f"{ROOT}ns/research/agents.yaml", f"{ROOT}ns/tools/docs.yaml"

QUARANTINED = {"tools/docs/annotate": "it clashes"}


def entries(*changes: tuple[str, str, str]) -> dict[tuple[str, str], Entry]:
    """Give the entries of the sound directory after some changes."""
    files = sound()
    for file, old, new in changes:
        assert old.encode() in files[file]
        files[file] = files[file].replace(old.encode(), new.encode(), 1)
    documents = load_documents(files)
    directory, _ = compile_directory(documents, files)
    return {(each.kind, each.name): each for each in overview(directory, documents, QUARANTINED)}


def test_everything_once() -> None:
    """Every document and every tool has its entry, with the place where it begins."""
    assert {(*key, str(each.place).removeprefix(ROOT)) for key, each in entries().items()} == {
        ("Gate", "default", "global/gate.yaml:1:1"),
        ("Issuer", "corp", "global/issuer.yaml:1:1"),
        ("Cell", "research", "global/cells.yaml:1:1"),
        ("Cell", "tools", "global/cells.yaml:9:1"),
        ("Role", "operator", "global/roles.yaml:1:1"),
        ("Agent", "research/assistant", "ns/research/agents.yaml:1:1"),
        ("Agent", "research/writer", "ns/research/agents.yaml:16:1"),
        ("MCPServer", "tools/docs", "ns/tools/docs.yaml:1:1"),
        ("Tool", "tools/docs/search", "ns/tools/docs.yaml:11:5"),
        ("Tool", "tools/docs/annotate", "ns/tools/docs.yaml:12:5"),
    }


def test_quarantined() -> None:
    """A tool that nobody can call says why; the others say that they are not."""
    rows = {name: each for (kind, name), each in entries().items() if kind == "Tool"}

    assert {name: each.facts["quarantined"] for name, each in rows.items()} == {
        "tools/docs/annotate": "it clashes",
        "tools/docs/search": None,
    }


def test_agent() -> None:
    """An agent is told with what it may call, and with what it lacks there."""
    facts = entries()["Agent", "research/assistant"].facts

    assert facts["calls"] == [
        {
            "target": "research/writer",
            "kind": "Agent",
            "accepted": True,
            "tools": [],
            "others": [],
            "lacking": {},
        },
        {
            "target": "tools/docs",
            "kind": "MCPServer",
            "accepted": True,
            "tools": ["annotate", "search"],
            "others": [],
            "lacking": {"annotate": ["docs:write"]},
        },
    ]
    assert facts["capped"] is None
    assert facts["identities"] == [
        "spiffe://example.org/ns/research/sa/assistant",
        "client assistant of corp",
    ]


def test_capped() -> None:
    """What a Cell cut away is told with the Cell; what is left is what counts."""
    found = entries(
        (AGENTS, 'scopes: ["docs:read"]', 'scopes: ["docs:read", "mail:send", "docs:purge"]')
    )
    facts = found["Agent", "research/assistant"].facts

    assert facts["scopes"] == ["docs:read"]
    assert facts["capped"] == {"by": "Cell research", "scopes": ["docs:purge", "mail:send"]}


def callers(facts: Mapping[str, Any]) -> list[str]:
    """Give the names of callers."""
    return [each["agent"] for each in facts["callers"]]


LISTED = "tools: [search, annotate]"
CALLERS = '["research/*", research/assistant]'
ME = "research/assistant"

CONNECTIONS: tuple[tuple[tuple[tuple[str, str, str], ...], str, list[str], list[str]], ...] = (
    ((), "search", [ME], []),
    (((DOCS, CALLERS, "[research/writer]"),), "search", [], [ME]),
    (((AGENTS, LISTED, "tools: [annotate]"),), "search", [], []),
    (((AGENTS, LISTED, 'tools: ["*"]'),), "search", [ME], []),
    (((AGENTS, f", {LISTED}", ""),), "annotate", [], []),
)


@pytest.mark.parametrize(("changes", "tool", "accepted", "refused"), CONNECTIONS)
def test_both_ends(
    changes: tuple[tuple[str, str, str], ...], tool: str, accepted: list[str], refused: list[str]
) -> None:
    """A caller wants the tool and is accepted; who is not accepted is told apart."""
    facts = entries(*changes)["Tool", f"tools/docs/{tool}"].facts

    assert callers(facts) == accepted
    assert facts["notAccepted"] == refused


def test_callers_state() -> None:
    """A caller that cannot act now, or lacks a scope, is told with that."""
    found = entries((AGENTS, "lifecycle: active", "lifecycle: suspended"))

    assert found["Tool", "tools/docs/annotate"].facts["callers"] == [
        {"agent": "research/assistant", "lifecycle": "suspended", "lacks": ["docs:write"]}
    ]


def test_agent_that_is_called() -> None:
    """An agent that others call is told as a target too."""
    facts = entries()["Agent", "research/writer"].facts

    assert facts["addresses"] == ["writer.research.svc/"]
    assert callers(facts) == ["research/assistant"]
    assert "addresses" not in entries()["Agent", "research/assistant"].facts


def test_others() -> None:
    """Issuers, roles and Cells say what they give, and to whom."""
    found = entries()

    assert found["Issuer", "corp"].facts["roles"] == ["operator"]
    assert found["Role", "operator"].facts["groups"] == ["corp/operators"]
    assert found["Cell", "research"].facts["documents"] == [
        "Agent research/assistant",
        "Agent research/writer",
    ]
