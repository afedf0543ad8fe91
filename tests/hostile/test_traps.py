"""Every trap of `traps/` through a real Envoy: nothing is allowed that must not be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from authz.server.decision_point import DecisionPoint
from tests.hostile.edges import Edges, running_edges
from tests.hostile.judging import spring
from tests.hostile.readers import Reader
from tests.hostile.traps import FOLDER, Trap, all_traps
from tests.support.edge import Edge

TRAPS = all_traps()
LEAST_NAMED = 100
PAGE = Path(__file__).parent.parent.parent / "docs" / "hostile.md"


@pytest.fixture(scope="module")
def edges(
    edge: Edge, decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Edges]:
    """The Envoy of the cases, and those before other listeners."""
    with running_edges(edge, decision_point, tmp_path_factory.mktemp("edges")) as running:
        yield running


@pytest.mark.parametrize("trap", TRAPS, ids=str)
def test_trap(
    trap: Trap, edges: Edges, readers: tuple[Reader, ...], decision_point: DecisionPoint
) -> None:
    """The trap is answered as it says, and nothing arrives that was not judged so."""
    met = spring(trap, edges, readers, decision_point.world.directory)

    assert list(met.wrong_allows) == [], f"WRONG ALLOW: {trap.why}"
    assert list(met.wrong_answers) == [], trap.why


def test_node_reads_along(readers: tuple[Reader, ...]) -> None:
    """Where the build is proven, a reader in another language is never left out in silence."""
    if not os.environ.get("CI"):
        return
    assert "Node" in {reader.language for reader in readers}


def test_names_are_told_apart() -> None:
    """No trap hides another of its name."""
    names = [str(trap) for trap in TRAPS]

    assert len(names) == len(set(names))


def test_documented_traps_are_there() -> None:
    """Whatever the page says is covered has a trap, a file of traps or a test of that name."""
    rows = re.findall(
        r"^\| .* \| (.*) \|$", PAGE.read_text().partition("## What is covered")[2], re.MULTILINE
    )
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    here = {trap.name for trap in TRAPS} | {file.name for file in FOLDER.glob("*.yaml")}

    assert len(named) > LEAST_NAMED
    assert {name for name in named - here if not (PAGE.parent.parent / name).exists()} == set()
