"""`tokens.signing_keys`: a folder that only the service can read, shared by all replicas."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from authz.identity.keys import MAX_KEYS
from authz.model.instant import Instant
from authz.tokens.schedule import RETIRED_AFTER, signs_from
from authz.tokens.signing_keys import KeysUnusable, make_key, open_key_ring, read_key_ring
from tests.support.keys import open_signing_keys, private_key, private_pem
from tests.vectors.material import PrivateKey, material

STARTERS = 6
IN_A_PROCESS = """
import pathlib, sys
from authz.identity.keys import MAX_KEYS
from tests.support.keys import open_signing_keys
print(open_signing_keys(pathlib.Path(sys.argv[1])).signing_id)
"""


def mode_of(path: Path) -> int:
    """Give the permissions of *path*."""
    return stat.S_IMODE(path.stat().st_mode)


def pem_of(key: PrivateKey, password: bytes | None = None) -> bytes:
    """Write a private key, encrypted where there is a password."""
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def folder_with(place: Path, **keys: bytes) -> Path:
    """Make a folder of keys by name, each for its owner alone."""
    folder = place / "keys"
    folder.mkdir(mode=0o700)
    for name, text in keys.items():
        path = folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_bytes(text)
    return folder


def test_first_key(tmp_path: Path) -> None:
    """The first start makes folder and key, for nobody but the service."""
    folder = tmp_path / "deep" / "keys"

    keys = open_signing_keys(folder)

    (pem,) = folder.glob("*.pem")
    assert (mode_of(folder), mode_of(pem)) == (0o700, 0o600)
    assert keys.signing_id == pem.stem
    assert keys.signing.curve.name == "secp256r1"


def test_second_start_finds_it(tmp_path: Path) -> None:
    """A key that is there is used again, and no other is made."""
    first, second = open_signing_keys(tmp_path / "k"), open_signing_keys(tmp_path / "k")

    assert first.signing_id == second.signing_id
    assert first.public_jwks == second.public_jwks


def test_threads_agree(tmp_path: Path) -> None:
    """Of several first starts at once, one makes the key that all sign with."""
    folder = tmp_path / "keys"
    with ThreadPoolExecutor(STARTERS) as pool:
        found = [*pool.map(open_signing_keys, [folder] * STARTERS)]

    assert len({keys.signing_id for keys in found}) == 1
    assert len([*folder.glob("*.pem")]) == 1


def test_processes_agree(tmp_path: Path) -> None:
    """Replicas that share the folder sign with one key, whoever comes first."""
    command = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / "keys")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    found = {process.communicate()[0] for process in started}

    assert [process.returncode for process in started] == [0, 0]
    assert len(found) == 1
    assert found.pop().strip()


def test_the_last_by_name_signs(tmp_path: Path) -> None:
    """The newest by name signs, and the one before it is published until its last token ends."""
    folder = folder_with(
        tmp_path,
        **{"20260101T000000Z-a": private_pem("old"), "20260201T000000Z-b": private_pem("new")},
    )

    ring = open_key_ring(folder)
    at_change = signs_from("20260201T000000Z-b")
    keys = ring.at(at_change)

    assert ring.at(Instant(at_change - 1)).signing_id == "20260101T000000Z-a"
    assert keys.signing_id == "20260201T000000Z-b"
    assert keys.signing.private_numbers() == private_key("new").private_numbers()
    assert [key.key_id for key in keys.public.keys] == ["20260101T000000Z-a", "20260201T000000Z-b"]
    retired = ring.at(Instant(at_change + RETIRED_AFTER))
    assert [key.key_id for key in retired.public.keys] == ["20260201T000000Z-b"]


def test_nothing_private_is_published(tmp_path: Path) -> None:
    """The JWKS has public members only, and says what each key is for."""
    keys = open_signing_keys(folder_with(tmp_path, a=private_pem("a"), b=private_pem("b")))

    rows = json.loads(keys.public_jwks)["keys"]

    assert [row["kid"] for row in rows] == ["a", "b"]
    for row in rows:
        assert row.keys() == {"kty", "crv", "use", "alg", "kid", "x", "y"}
        assert (row["kty"], row["crv"], row["use"], row["alg"]) == ("EC", "P-256", "sig", "ES256")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o606, 0o610, 0o601, 0o777])
def test_loose_key(tmp_path: Path, mode: int) -> None:
    """A key that others can read, write or run is refused, with the command that mends it."""
    folder = folder_with(tmp_path, a=private_pem("a"))
    (folder / "a.pem").chmod(mode)

    with pytest.raises(KeysUnusable, match=f"chmod {mode & 0o700:o} "):
        open_signing_keys(folder)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o770, 0o777, 0o1777])
def test_loose_folder(tmp_path: Path, mode: int) -> None:
    """A folder that others can put keys into is refused, with the command that mends it."""
    folder = folder_with(tmp_path, a=private_pem("a"))
    folder.chmod(mode)

    for read in (open_key_ring, read_key_ring):
        with pytest.raises(KeysUnusable, match=f"chmod {mode & 0o755:o} "):
            read(folder)


def test_no_key_is_made_in_a_loose_folder(tmp_path: Path) -> None:
    """Where others can write, our first key would be theirs as soon as it was."""
    tmp_path.chmod(0o777)

    with pytest.raises(KeysUnusable, match="chmod 755 "):
        open_key_ring(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_folder(tmp_path: Path) -> None:
    """Whoever only reads is told that nothing is there."""
    with pytest.raises(KeysUnusable, match="No such file"):
        read_key_ring(tmp_path / "keys")


def test_a_first_key_that_cannot_be_made(tmp_path: Path) -> None:
    """Why it cannot is what is told, rather than that there is none."""
    (tmp_path / ".lock").mkdir()

    with pytest.raises(KeysUnusable, match="Is a directory"):
        open_key_ring(tmp_path)


def test_a_key_is_whole_when_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut leaves under the name of a key is all of it."""
    synced: list[tuple[int, bool]] = []

    def note(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_size, any(tmp_path.glob("*.pem"))))

    monkeypatch.setattr("os.fsync", note)
    key_id = make_key(tmp_path, Instant(1))

    assert synced == [((tmp_path / f"{key_id}.pem").stat().st_size, False)]


WRONG: tuple[tuple[str, bytes, str], ...] = (
    ("P-384", pem_of(material("p384:x")), "no P-256 key"),
    ("secp256k1", pem_of(material("k256:x")), "no P-256 key"),
    ("RSA", pem_of(material("rsa:x")), "no P-256 key"),
    ("Ed25519", pem_of(material("ed:x")), "no P-256 key"),
    ("encrypted", pem_of(private_key("a"), b"secret"), "without a password"),
    ("no PEM", b"not a key", "no private key in PEM"),
    ("empty", b"", "no private key in PEM"),
    (
        "a public key",
        private_key("a")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "no private key in PEM",
    ),
    ("cut off", private_pem("a")[:80], "no private key in PEM"),
)


@pytest.mark.parametrize(
    ("text", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_wrong_key(tmp_path: Path, text: bytes, says: str) -> None:
    """Anything but an unencrypted P-256 key is refused, even beside a good one."""
    folder = folder_with(tmp_path, a=private_pem("a"), b=text)

    with pytest.raises(KeysUnusable, match=says) as refused:
        open_signing_keys(folder)

    assert "b.pem" in str(refused.value)


@pytest.mark.parametrize("name", [b"\xff.pem", b"a\nb.pem"], ids=["no UTF-8", "a line break"])
def test_name_that_is_no_text(tmp_path: Path, name: bytes) -> None:
    """A key id that no key set could hold is refused here, before a world would publish it."""
    folder = folder_with(tmp_path, a=private_pem("a"), b=private_pem("b"))
    (folder / "b.pem").rename(folder / os.fsdecode(name))

    with pytest.raises(KeysUnusable, match="is no name for a key") as refused:
        open_signing_keys(folder)

    assert str(refused.value).isascii()


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """Only `*.pem` is a key; notes, locks and drafts are not read."""
    folder = folder_with(tmp_path, a=private_pem("a"))
    for name in ("README.md", ".z.pem.123", "z.pem.bak"):
        (folder / name).write_bytes(b"not a key")

    assert open_signing_keys(folder).signing_id == "a"


def test_folder_is_a_file(tmp_path: Path) -> None:
    """A path that cannot be a folder is refused in words."""
    (tmp_path / "keys").write_bytes(b"")

    with pytest.raises(KeysUnusable, match="keys"):
        open_signing_keys(tmp_path / "keys")


def test_made_keys_are_all_different(tmp_path: Path) -> None:
    """Two folders get two keys, with two ids."""
    first, second = open_signing_keys(tmp_path / "a"), open_signing_keys(tmp_path / "b")

    assert first.signing_id != second.signing_id
    assert first.signing.private_numbers() != second.signing.private_numbers()


def test_nothing_is_written_beside_keys(tmp_path: Path) -> None:
    """Where there are keys the folder is left as it is, so a read-only one will do."""
    folder = folder_with(tmp_path, **{"gate-1": private_pem("gate")})

    open_signing_keys(folder)

    assert [path.name for path in folder.iterdir()] == ["gate-1.pem"]


def test_too_many_keys(tmp_path: Path) -> None:
    """More keys than a key set may have are refused in words."""
    pem = private_pem("gate")
    folder = folder_with(tmp_path, **{f"gate-{number}": pem for number in range(MAX_KEYS + 1)})

    with pytest.raises(KeysUnusable, match="more than 64 keys"):
        open_signing_keys(folder)
