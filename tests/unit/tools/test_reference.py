"""The reference follows the code: all there is is told, and a page that is stale is noticed."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from authz.commands.main import application
from authz.directory.documents import SPECS
from authz.directory.node import Node
from authz.directory.words import Label
from authz.model.reasons import Reason
from tools.reference import commands, kinds, reasons
from tools.reference.__main__ import FOLDER, PAGES, stale
from tools.reference.described import described


class Inner(Node):
    """Within."""

    level: Literal["low", "high"] = "low"
    """How much,

    and why."""


class Outer(Node):
    """Around."""

    name: Label
    """What it is called
    by others."""

    inner: list[Inner] = Field(default_factory=list)
    """Some."""


class Colour(Enum):
    """A few."""

    RED = 1
    """Like blood."""

    GREEN = 2


def test_docstrings_below_members() -> None:
    """Of fields and of values; line breaks are spaces, paragraphs stay."""
    assert described(Outer) == {"name": "What it is called by others.", "inner": "Some."}
    assert described(Inner) == {"level": "How much,\n\nand why."}
    assert described(Colour) == {"RED": "Like blood."}


def test_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members at any depth, with type, default and meaning."""
    monkeypatch.setattr(kinds, "SPECS", {"Outer": Outer})

    page = kinds.page()
    assert "## Kind Outer\n\nAround.\n" in page
    assert "| `name` | *Label* | must be there | What it is called by others. |" in page
    assert "| `inner` | list of mapping | nothing | Some. |" in page
    assert "| `inner[].level` | `low`, `high` | `low` | How much,\n\nand why. |" in page


def test_every_kind_is_told() -> None:
    """By a section with its members."""
    assert set(re.findall(r"^## Kind (\w+)$", kinds.page(), re.MULTILINE)) == set(SPECS)


def test_every_reason_is_told() -> None:
    """With who can cure it, by its name and in the table of refusals."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*) \|", reasons.page(), re.MULTILINE)

    assert {reason for reason, cure in rows if cure.strip()} == set(Reason) - {Reason.ALLOW}


def test_every_command_is_told() -> None:
    """At any depth."""
    page = commands.page()
    groups = application.registered_groups

    assert groups
    for group in groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            name = command.name or command.callback.__name__  # type: ignore[union-attr]
            assert f"## authz {group.name} {name.strip('_')}\n" in page


def test_what_is_stale(tmp_path: Path) -> None:
    """A page that is missing, or says something else, is told; the others are not."""
    assert stale(tmp_path).keys() == PAGES.keys()
    for name in PAGES:
        (tmp_path / name).write_text((FOLDER / name).read_text())
    assert stale(tmp_path) == {}

    (tmp_path / "reasons.md").write_text("otherwise")
    assert stale(tmp_path).keys() == {"reasons.md"}
