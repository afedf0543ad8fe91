"""`authz policy test` on the worked world: sound as it is, and every planted mistake is found."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from authz.commands.main import application
from tests.support.worlds import WORLD

MISTAKES: list[Mapping[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "mistakes.yaml").read_text()
)


def exit_code(home: Path) -> int:
    """Run the command on *home* and give what it ends with."""
    return CliRunner().invoke(application, ["policy", "test", str(home)]).exit_code


def test_sound() -> None:
    """Without a mistake every case is as expected."""
    assert exit_code(WORLD) == 0


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda row: row["mistake"])
def test_found(mistake: Mapping[str, str], tmp_path: Path) -> None:
    """With one mistake the world loads, and a case is not as expected."""
    home = tmp_path / "home"
    shutil.copytree(WORLD, home)
    plant(mistake, home / "policies")

    assert exit_code(home) == 4


def plant(mistake: Mapping[str, str], policies: Path) -> None:
    """Make *mistake* in the files below *policies*."""
    file = policies / mistake["file"]
    if "to" in mistake:
        file.rename(policies / mistake["to"] / f"moved-{file.name}")
        return
    text = file.read_text()
    assert mistake["find"] in text
    changed = text.replace(mistake["find"], mistake["write"]) if mistake["find"] else text
    file.write_text(changed if mistake["find"] else f"{text}\n{mistake['write']}\n")
