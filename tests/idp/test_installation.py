"""`make idp`: which Node it takes, what it installs, and what it says when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from examples.idp.installation import INSTALLATION, Installation, NotInstalled
from tests.clients.installed import NODE
from tools.node import CannotInstall, Node, install_packages, node_from_wheel, system_node


def executable(folder: Path, name: str, script: str) -> Path:
    """Write a command of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def elsewhere(tmp_path: Path) -> Installation:
    """An installation in a folder of its own, whose packages are there."""
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    return Installation(tmp_path / ".idp", tmp_path)


@pytest.mark.parametrize("installation", [INSTALLATION, NODE], ids=lambda each: each.target)
def test_lockfile_pins_all_and_names_no_host(installation: Installation) -> None:
    """Every package has version and digest, and comes from wherever npm is set up to fetch."""
    lockfile = json.loads(installation.lockfile.read_text())
    wanted = json.loads((installation.package / "package.json").read_text())["dependencies"]
    packages = {name: row for name, row in lockfile["packages"].items() if name}

    assert len(packages) >= 40
    for name, row in packages.items():
        assert row["version"], name
        assert row["integrity"].startswith("sha512-"), name
        assert "resolved" not in row, name
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("v20.19.0", True), ("v24.1.0", True), ("v20.18.3", False), ("v9.11.2", False), ("?", False)],
)
def test_system_node(version: str, is_taken: object, tmp_path: Path) -> None:
    """The system's Node is taken where it is new enough, compared as numbers."""
    node = executable(tmp_path, "node", f"echo {version}")
    npm = executable(tmp_path, "npm", "")

    assert system_node(str(tmp_path)) == (Node(node, (str(npm),)) if is_taken else None)


def test_system_node_without_npm(tmp_path: Path) -> None:
    """A Node without npm installs nothing, so it is not taken."""
    executable(tmp_path, "node", "echo v24.1.0")

    assert system_node(str(tmp_path)) is None


def test_no_node_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pip reaches no index, the message says what is missing and both ways to get it."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")

    with pytest.raises(CannotInstall, match=r"Node 20\.19 or newer .* `make idp` again"):
        node_from_wheel(Installation(tmp_path, tmp_path))


def test_npm_that_fails(elsewhere: Installation) -> None:
    """Npm's own words are handed on, and a failed installation counts for nothing."""
    elsewhere.done_with(executable(elsewhere.package, "node", ""))
    npm = executable(elsewhere.package, "npm", "echo no such package >&2; exit 1")

    with pytest.raises(CannotInstall, match="no such package"):
        install_packages(Node(npm, (str(npm),)), elsewhere)
    with pytest.raises(NotInstalled):
        elsewhere.node()


def test_stamp(elsewhere: Installation) -> None:
    """An installation is believed while its Node is there and its lockfile is this one."""
    with pytest.raises(NotInstalled, match="`make idp` installs it"):
        elsewhere.node()
    node = executable(elsewhere.package, "node", "")
    elsewhere.done_with(node)
    assert elsewhere.node() == node

    node.unlink()
    with pytest.raises(NotInstalled, match="is gone"):
        elsewhere.node()
    elsewhere.lockfile.write_text("{ }")
    with pytest.raises(NotInstalled, match="other packages"):
        elsewhere.node()
