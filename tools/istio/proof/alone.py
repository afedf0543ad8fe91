"""A network, and a tree of processes, of its own: nothing of the machine is reached or changed.

What Linux calls namespaces. In them this process may give loopback the
addresses that stand for pods, which Kubernetes does not let be 127.x.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

POD_NETWORK = "198.18.77"
"""Of the block for tests between networks (RFC 2544)."""

_ENTERED = "NARROWGATE_ISTIO_PROOF_ALONE"
_SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x8914, 0x8916, 0x891C
_UP, _READ_ONLY, _REMOUNT = 1, 1, 32


class CannotBeAlone(Exception):
    """This system gives no namespaces; the message says so."""


def enter(module: str) -> None:
    """
    Run `python -m *module*` again in namespaces of its own, unless this is that run.

    Raises:
        CannotBeAlone: there are none to be had.
    """
    if os.environ.get(_ENTERED):
        _loopback_up()
        return
    unshare = shutil.which("unshare")
    if unshare is None:
        raise CannotBeAlone(
            "`unshare` is needed for a network of its own: this runs on Linux alone."
        )
    os.environ[_ENTERED] = "yes"
    command = [
        unshare, "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child",
        sys.executable, "-m", module, *sys.argv[1:],
    ]  # fmt: skip
    os.execv(unshare, command)  # noqa: S606 - the program that was looked for


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
            # All of the network is this machine's: so it is with any address of loopback.
            for request, address in (
                (_SET_ADDRESS, f"{POD_NETWORK}.1"),
                (_SET_MASK, "255.255.255.0"),
            ):
                packed = struct.pack(
                    "16sHH4s8x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(address)
                )
                fcntl.ioctl(control, request, packed)
        except OSError as error:
            raise CannotBeAlone(f"no address can be given to loopback: {error.strerror}") from error


def mount_memory(folder: Path) -> None:
    """Put an empty file system that is kept in memory at *folder*, as kubelet does for a Secret."""
    _mount(b"tmpfs", folder, 0, b"mode=1777")


def remount_read_only(folder: Path) -> None:
    """Let nobody write below *folder* any more."""
    _mount(b"tmpfs", folder, _READ_ONLY | _REMOUNT, b"")


def _mount(what: bytes, folder: Path, flags: int, options: bytes) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.mount(what, os.fsencode(folder), what, flags, options):
        raise OSError(ctypes.get_errno(), f"mounting {folder}")
