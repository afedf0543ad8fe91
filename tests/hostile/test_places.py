"""Files and folders that somebody else could reach, replace or tear."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from authz.audit.record import encoded
from authz.audit.sink import RecordFile
from authz.directory.listening import Listener, UnixSocket
from authz.server.listeners import CannotListen, bind
from authz.tokens.signing_keys import KeysUnusable
from tests.support.keys import open_signing_keys

SOMEBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def _bind(path: Path) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    lock = bind(server, Listener("out", UnixSocket(str(path))), path.parent)
    assert lock is not None
    lock.close()
    server.stop(None)


def test_socket_folder_that_can_be_moved(tmp_path: Path) -> None:
    """A folder above the socket's that everybody may change is refused; a sticky one is not."""
    above = tmp_path / "above"
    above.mkdir()
    above.chmod(0o777)
    with pytest.raises(CannotListen, match="chmod o-w"):
        _bind(above / "run" / "out.sock")

    above.chmod(0o1777)
    _bind(above / "run" / "out.sock")


@AS_ROOT
def test_socket_folder_of_somebody_else(tmp_path: Path) -> None:
    """A folder that belongs to another user is no wall."""
    run = tmp_path / "run"
    run.mkdir(mode=0o750)
    os.chown(run, SOMEBODY, SOMEBODY)

    with pytest.raises(CannotListen, match="belongs to another user"):
        _bind(run / "out.sock")


def test_lock_that_is_a_link(tmp_path: Path) -> None:
    """A lock that leads elsewhere is not followed, and what it leads to keeps its content."""
    run, precious = tmp_path / "run", tmp_path / "precious"
    run.mkdir(mode=0o750)
    precious.write_text("content")
    (run / "out.sock.lock").symlink_to(precious)

    with pytest.raises(CannotListen):
        _bind(run / "out.sock")
    assert precious.read_text() == "content"


def test_socket_path_that_is_too_long(tmp_path: Path) -> None:
    """A path beyond the kernel's limit is told as such."""
    with pytest.raises(CannotListen, match="at most 107 bytes"):
        _bind(tmp_path / ("x" * 100) / "out.sock")


def test_file_in_the_sockets_place(tmp_path: Path) -> None:
    """A file that is no socket is not removed."""
    run = tmp_path / "run"
    run.mkdir(mode=0o750)
    (run / "out.sock").write_text("content")

    with pytest.raises(CannotListen, match="no socket"):
        _bind(run / "out.sock")


def test_hidden_key_is_no_key(tmp_path: Path) -> None:
    """A draft or backup whose name begins with a dot is neither published nor signed with."""
    keys = open_signing_keys(tmp_path / "keys")
    (key,) = (tmp_path / "keys").glob("*.pem")
    (tmp_path / "keys" / ".zzz.pem").write_bytes(key.read_bytes())
    (tmp_path / "keys" / ".zzz.pem").chmod(0o600)
    again = open_signing_keys(tmp_path / "keys")

    assert again.signing_id == keys.signing_id
    assert len(json.loads(again.public_jwks)["keys"]) == 1


@AS_ROOT
@pytest.mark.parametrize("whose", ["keys", "keys/key.pem"])
def test_keys_of_somebody_else(whose: str, tmp_path: Path) -> None:
    """A key or folder that another user owns, who could replace it, is not used."""
    open_signing_keys(tmp_path / "keys")
    (key,) = (tmp_path / "keys").glob("*.pem")
    key.rename(tmp_path / "keys" / "key.pem")
    os.chown(tmp_path / whose, SOMEBODY, SOMEBODY)

    with pytest.raises(KeysUnusable, match="belongs to another user"):
        open_signing_keys(tmp_path / "keys")


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_deleted_log_is_made_anew(tmp_path: Path) -> None:
    """A log that was deleted while the gate runs is made anew: no record goes to a dead file."""
    path = tmp_path / "records" / "decisions.jsonl"
    with RecordFile(path) as records:
        records.write(encoded({"decision": 1}))
        path.unlink()
        records.write(encoded({"decision": 2}))

    assert _lines(path) == ['{"decision":2}']


def test_line_that_a_kill_has_torn(tmp_path: Path) -> None:
    """A line that an earlier process left torn does not swallow the next record."""
    path = tmp_path / "decisions.jsonl"
    path.write_text('{"decision":1}\n{"deci')
    with RecordFile(path) as records:
        records.write(encoded({"decision": 2}))

    assert _lines(path) == ['{"decision":1}', '{"deci', '{"decision":2}']
