"""The socket that tells how a gate stands: to whom, what, and for how long."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from authz.server.listeners import CannotListen
from authz.server.status_socket import StatusSocket, ask, open_status_socket
from tests.support.network import KeptLog
from tests.support.waiting import wait_until


def test_whoever_is_silent_holds_up_nobody(tmp_path: Path) -> None:
    """Who sends, or does not read, is told the same, and the next one is answered."""
    path = tmp_path / "s"
    with StatusSocket(path, lambda: {"fine": True}, KeptLog().log):
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(str(path))
            assert ask(path) == {"fine": True}
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()


def test_a_fault_is_told_to_the_log_alone(tmp_path: Path) -> None:
    """A fault of ours leaves who asks without an answer, and the next one is answered."""
    kept, answers = KeptLog(), iter([None])

    def status() -> Mapping[str, object]:
        for _ in answers:
            raise RuntimeError("secret")
        return {"fine": True}

    with StatusSocket(tmp_path / "s", status, kept.log):
        with pytest.raises(ValueError, match="Expecting value"):
            ask(tmp_path / "s")
        assert ask(tmp_path / "s") == {"fine": True}
    assert "RuntimeError" in kept.text
    assert "secret" not in kept.text


def test_a_socket_of_a_living_gate_is_not_taken_away(tmp_path: Path) -> None:
    """A second gate leaves it alone and goes on; what a dead one left is taken over."""
    (tmp_path / "s").touch()
    with pytest.raises(CannotListen, match="no socket"):
        StatusSocket(tmp_path / "s", dict, KeptLog().log)
    (tmp_path / "s").unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    kept = KeptLog()
    with StatusSocket(tmp_path / "s", lambda: {"of": "the first"}, kept.log):
        with open_status_socket(tmp_path / "s", dict, kept.log):
            pass
        assert ask(tmp_path / "s") == {"of": "the first"}
    assert kept.events == ["no_status"]


def test_a_time_without_descriptors_passes(tmp_path: Path) -> None:
    """Who asked while the process could open nothing more is told once it can; so is the next."""
    kept = KeptLog()
    with (
        StatusSocket(tmp_path / "s", lambda: {"fine": True}, kept.log),
        socket.socket(socket.AF_UNIX) as one,
        socket.socket(socket.AF_UNIX) as other,
    ):
        with nothing_more_opened():
            # One may still be let in: what waits for it has its descriptor already.
            for early in (one, other):
                early.settimeout(10)
                early.connect(str(tmp_path / "s"))
            wait_until(lambda: "fault" in kept.text)
        for early in (one, other):
            assert early.recv(100) == b'{"fine": true}'
        assert ask(tmp_path / "s") == {"fine": True}


@contextmanager
def nothing_more_opened() -> Iterator[None]:
    """Let the process open no file while the block runs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
