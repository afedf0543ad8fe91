"""Signing keys in a Secret that Kubernetes has mounted, as who is not root is given them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from authz.tokens.signing_keys import is_held_as_a_secret
from tests.support.keys import private_pem

FILE, FOLDER = 0o100000, 0o040000
OURS, FOREIGN = 10001, 10002


def status(mode: int, owner: int, group: int) -> os.stat_result:
    """Give what `stat` says of a file with these."""
    return os.stat_result((mode, 1, 1, 1, owner, group, 100, 0, 0, 0))


@pytest.mark.parametrize(
    ("mode", "owner", "group", "held"),
    [
        pytest.param(FILE | 0o440, 0, OURS, True, id="defaultMode 0400 and fsGroup"),
        pytest.param(FILE | 0o400, 0, OURS, True, id="for its owner alone"),
        pytest.param(FOLDER | 0o3777, 0, OURS, True, id="the mount itself"),
        pytest.param(FOLDER | 0o2755, 0, OURS, True, id="the folder behind ..data"),
        pytest.param(FILE | 0o444, 0, OURS, False, id="for everybody"),
        pytest.param(FILE | 0o644, 0, OURS, False, id="defaultMode 0644, the default"),
        pytest.param(FILE | 0o460, 0, OURS, False, id="the group may write"),
        pytest.param(FILE | 0o640, 0, OURS, False, id="root may write"),
        pytest.param(FILE | 0o440, 0, FOREIGN, False, id="another group's"),
        pytest.param(FILE | 0o440, OURS, OURS, False, id="our own file, which we can chmod"),
        pytest.param(FOLDER | 0o777, OURS, OURS, False, id="our own folder"),
    ],
)
def test_how_it_is_held(mode: int, owner: int, group: int, held: bool) -> None:  # noqa: FBT001
    """Only what is root's, and to be read by a group of ours, is held as a Secret is."""
    assert is_held_as_a_secret(status(mode, owner, group), {OURS}) is held


MOUNTED = """
import ctypes, os, pathlib, sys
from authz.tokens.signing_keys import KeysUnusable, read_key_ring
def mount(flags, options):
    if ctypes.CDLL(None).mount(b"tmpfs", os.fsencode(sys.argv[1]), b"tmpfs", flags, options):
        sys.exit("cannot mount")
def told():
    try:
        return " ".join(read_key_ring(folder).keys)
    except KeysUnusable as error:
        return str(error)
folder = pathlib.Path(sys.argv[1])
READ_ONLY, REMOUNT = 1, 32
mount(0, b"mode=1777")
data = folder / "..2026_11_26"
data.mkdir(mode=0o755)
(data / "a.pem").write_bytes(pathlib.Path(sys.argv[2]).read_bytes())
(data / "a.pem").chmod(0o440)
(folder / "..data").symlink_to(data.name)
(folder / "a.pem").symlink_to("..data/a.pem")
print(told())
mount(READ_ONLY | REMOUNT, b"")
print(told())
"""


def test_what_kubelet_mounts(tmp_path: Path) -> None:
    """A volume laid out as kubelet does it is read, but not while anybody could write there."""
    unshare = shutil.which("unshare")
    alone = [unshare or "unshare", "--user", "--map-root-user", "--mount"]
    if unshare is None or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("a mount needs a user namespace, and this system gives none")
    key, folder = tmp_path / "key.pem", tmp_path / "keys"
    key.write_bytes(private_pem("gate-1"))
    folder.mkdir()
    command = [*alone, sys.executable, "-c", MOUNTED, str(folder), str(key)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    writable, read_only = done.stdout.splitlines()
    assert "lets others write" in writable, done.stderr
    assert read_only == "a"
