"""`authz keys`: what people see of signing keys, and how they change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from authz.commands.main import application
from tests.support.worlds import prepare_home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The worked world, with one key that somebody put there."""
    return prepare_home(tmp_path)


def keys(home: Path, *arguments: str) -> Result:
    """Run the command."""
    command, *options = arguments
    return CliRunner().invoke(application, ["keys", command, str(home), *options])


def listed(home: Path) -> list[dict[str, Any]]:
    """Give what is listed for programs."""
    result = keys(home, "list", "--format", "json")
    assert result.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def test_list(home: Path) -> None:
    """A key that somebody put there has signed since ever, and has no end."""
    assert listed(home) == [
        {"id": "gate-1", "state": "signing", "signsFrom": None, "retiredFrom": None}
    ]
    assert keys(home, "list").stdout.split()[-4:] == ["gate-1", "signing", "ever", "-"]


def test_first(home: Path) -> None:
    """It makes one key, which signs at once, and never a second one."""
    (folder,) = {path.parent for path in home.rglob("gate-1.pem")}
    (folder / "gate-1.pem").unlink()

    told = [keys(home, "first").stdout for _ in range(2)]

    (made,) = listed(home)
    assert made["state"] == "signing"
    assert told == [f"{made['id']} signs\n"] * 2


def test_first_cannot(home: Path) -> None:
    """A folder that cannot be used is told, as by the other commands."""
    (folder,) = {path.parent for path in home.rglob("gate-1.pem")}
    folder.chmod(0o777)
    result = keys(home, "first")
    assert (result.exit_code, "chmod 755" in result.stderr) == (4, True)


def test_rotate(home: Path) -> None:
    """It is told what happens when; a second time there is nothing to do."""
    first, second = keys(home, "rotate"), keys(home, "rotate")
    before, new = listed(home)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert (before["state"], new["state"]) == ("signing", "waiting")
    assert first.stdout.splitlines() == [
        f"{new['id']} is published now and signs from {new['signsFrom']}",
        f"gate-1 is published until {before['retiredFrom']}",
    ]
    assert second.stdout.startswith(f"nothing to do: {new['id']} is published and signs from")
    table = keys(home, "list").stdout.splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["gate-1", "signing"],
        [new["id"], "waiting"],
    ]


def test_compromised(home: Path) -> None:
    """The one key that is left signs at once, and what is gone is told."""
    result = keys(home, "rotate", "--compromised")
    (new,) = listed(home)

    assert new["state"] == "signing"
    assert result.stdout.splitlines() == [
        f"{new['id']} signs from now on",
        "gate-1 is removed",
    ]


@pytest.mark.parametrize("command", ["list", "rotate"])
def test_unusable(command: str, home: Path) -> None:
    """A folder that cannot be used ends with 4 and says why; nothing is changed."""
    (home / "keys/gate/gate-1.pem").chmod(0o644)
    result = keys(home, command)

    assert result.exit_code == 4
    assert "chmod 600" in result.stderr
    assert len([*(home / "keys/gate").glob("*.pem")]) == 1


def test_broken_directory(home: Path) -> None:
    """Where the directory does not say which folder, its mistakes are told."""
    gate = home / "directory/global/gate.yaml"
    gate.write_text(gate.read_text().replace("kind: Gate", "kind: Gaet"))
    result = keys(home, "list")

    assert result.exit_code == 3
    line = gate.read_text().splitlines().index("kind: Gaet") + 1
    assert f"directory/global/gate.yaml:{line}:7: error" in result.stdout


def test_help() -> None:
    """Help has examples."""
    result = CliRunner().invoke(application, ["keys", "rotate", "--help"])

    assert "authz keys rotate /etc/narrowgate" in result.stdout
