"""Whatever lies in a world's folder and is not read must not be so in silence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.sources.declared import read_declared
from authz.sources.folder import read_file
from tests.support.worlds import prepare_home

GUARDRAILS = Path("policies/global/guardrails.cedar")


def _linked(home: Path) -> None:
    outside = home.parent / "outside"
    outside.mkdir()
    shutil.move(home / GUARDRAILS, outside / "guardrails.cedar")
    (home / "policies/global/guard").symlink_to(outside)


def _hidden_folder(home: Path) -> None:
    (home / "policies/global/.guard").mkdir()
    shutil.move(home / GUARDRAILS, home / "policies/global/.guard/guardrails.cedar")


def _hidden_file(home: Path) -> None:
    shutil.move(home / GUARDRAILS, home / "policies/global/.guardrails.cedar")


def _other_suffix(home: Path) -> None:
    shutil.move(home / GUARDRAILS, home / "policies/global/guardrails.cedr")


def _pipe(home: Path) -> None:
    os.mkfifo(home / "policies/global/pipe.cedar")


def _dangling(home: Path) -> None:
    (home / "policies/global/gone.cedar").symlink_to("nowhere.cedar")


def _link_out(home: Path) -> None:
    shutil.move(home / GUARDRAILS, home.parent / "guardrails.cedar")
    (home / GUARDRAILS).symlink_to(home.parent / "guardrails.cedar")


def _two_dots(home: Path) -> None:
    shutil.move(home / GUARDRAILS, home / "policies/global/..guardrails.cedar")


def _two_dots_folder(home: Path) -> None:
    (home / "policies/global/..guard").mkdir()
    shutil.move(home / GUARDRAILS, home / "policies/global/..guard/guardrails.cedar")


def _too_large(home: Path) -> None:
    (home / GUARDRAILS).write_bytes(b"//" + b"x" * (4 * 1024 * 1024))


def _no_tier(home: Path) -> None:
    (home / "policies/globl").mkdir()
    shutil.move(home / GUARDRAILS, home / "policies/globl/guardrails.cedar")


@pytest.mark.parametrize(
    ("hide", "says"),
    [
        (_linked, "policies/global/guard:1:1: error: a link to a folder is not followed"),
        (_hidden_folder, "policies/global/.guard:1:1: error: a hidden folder is not read"),
        (_hidden_file, "policies/global/.guardrails.cedar:1:1: error: a hidden file is not read"),
        (_other_suffix, "policies/global/guardrails.cedr:1:1: error: a file of this kind"),
        (_pipe, "policies/global/pipe.cedar:1:1: error: it is no plain file"),
        (_dangling, "policies/global/gone.cedar:1:1: error: it is no plain file"),
        (_link_out, "policies/global/guardrails.cedar:1:1: error: it is a link out of policies"),
        (_two_dots, "policies/global/..guardrails.cedar:1:1: error: a hidden file is not read"),
        (_two_dots_folder, "policies/global/..guard:1:1: error: a hidden folder is not read"),
        (_too_large, "the file is larger than"),
        (_no_tier, "policies load from no such folder"),
    ],
)
def test_nothing_is_left_out_in_silence(
    hide: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    """A world whose guardrails are not read does not load, and says which file or folder it is."""
    home = prepare_home(tmp_path)
    read_declared(home)
    hide(home)

    with pytest.raises(InvalidWorld) as raised:
        read_declared(home)

    assert says in str(raised.value)


def test_unreadable_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be listed is an error, also where the tests run as root."""
    home = prepare_home(tmp_path)
    listed = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("policies/ns"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InvalidWorld, match="policies/ns:1:1: error: cannot be read"):
        read_declared(home)


def test_kubernetes_volume(tmp_path: Path) -> None:
    """Files that a Kubernetes volume links are read, and its own folders are no mistake."""
    home = prepare_home(tmp_path)
    folder = home / "policies/global"
    data = folder / "..2026_11_26"
    data.mkdir()
    shutil.move(home / GUARDRAILS, data / "guardrails.cedar")
    (folder / "..data").symlink_to(data.name)
    (home / GUARDRAILS).symlink_to("..data/guardrails.cedar")
    (folder / ".gitkeep").touch()

    policies = read_declared(home).policies.by_engine_id.values()

    assert "workspace-paths-only" in {policy.ref.id for policy in policies}


def test_volume_swapped_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A volume that is swapped in mid-reading gives the new files, never some of each."""
    home = prepare_home(tmp_path)
    folder = home / "policies/global"
    for revision, word in (("..2026_1", "old"), ("..2026_2", "new")):
        data = folder / revision
        data.mkdir()
        for name in ("a", "z"):
            text = f'@id("{name}-{word}") forbid (principal, action, resource) when {{ false }};'
            (data / f"{name}.cedar").write_text(text)
    (folder / "..data").symlink_to("..2026_1")
    for name in ("a", "z"):
        (folder / f"{name}.cedar").symlink_to(f"..data/{name}.cedar")
    read = read_file

    def swap_after_a(path: Path) -> bytes:
        content = read(path)
        if path.name == "a.cedar":
            (folder / "..data_tmp").symlink_to("..2026_2")
            (folder / "..data_tmp").rename(folder / "..data")
        return content

    monkeypatch.setattr("authz.sources.folder.read_file", swap_after_a)
    policies = read_declared(home).policies.by_engine_id.values()

    assert {each.ref.id for each in policies} >= {"a-new", "z-new"}
    assert {each.ref.id for each in policies}.isdisjoint({"a-old", "z-old"})
