"""The check that nothing secret is written would see one that was: planted in each place."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.idp import CLIENT_SECRET
from tests.support.keys import private_pem, sign
from tests.support.secrecy import note, secrets_in

ROOT = Path(__file__).parents[2]
HEADER = {"alg": "ES256", "typ": "at+jwt"}

TAKEN = "from tests.support.secrecy import nothing_secret_was_written, pytest_runtest_makereport\n"
PLANTED = """
import json, logging, sys
from authz.audit.record import encoded
from tests.support.direct import KeptRecords
from tests.support.keys import sign
from tests.support.network import KeptLog

TOKEN = sign("corp-1", {"alg": "ES256"}, b'{"sub": "alice"}')
SIGNATURE = TOKEN.rpartition(".")[2]

def test_nothing(tmp_path):
    (tmp_path / "gate.log").write_text("well\\n")
    print("well")

def test_planted(tmp_path):
    PLANT
"""
PLANTS = [
    'print(f"a token: {TOKEN}")',
    "print(SIGNATURE[:30], file=sys.stderr)",
    'logging.getLogger().warning("part of it: %s", SIGNATURE)',
    'KeptRecords().write(encoded({"detail": SIGNATURE}))',
    'KeptLog().log.info("said", what=SIGNATURE)',
    '(tmp_path / "gate.log").write_text(f"{SIGNATURE}\\n")',
    '(tmp_path / "decisions.jsonl").write_text(json.dumps({"token": TOKEN}))',
]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_is_seen(plant: str) -> None:
    """Printed, logged, recorded or in a file of a gate: a run with it fails, and says where."""
    code, said = _run(plant)

    assert code == 1, said
    assert "tells a secret: " in said


def test_each_process_of_a_run_looks() -> None:
    """In a run with several processes a secret in a file is seen too."""
    assert _run(PLANTS[-2], "-n", "2")[0] == 1


def test_a_run_without_any_passes() -> None:
    """Without a secret the same run passes."""
    code, said = _run('print("well")')

    assert code == 0, said


def _run(plant: str, *options: str) -> tuple[int, str]:
    # Not below this run's own folder, which is looked through as well.
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder, "inner")
        inner.mkdir()
        (inner / "conftest.py").write_text(TAKEN)
        (inner / "test_planted.py").write_text(PLANTED.replace("PLANT", plant))
        command = [
            sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--rootdir={inner}",
            "-c", "/dev/null", f"--basetemp={folder}/base", *options, str(inner),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_what_is_looked_for() -> None:
    """Keys, signed tokens and client secrets, whole or in part; and nothing else."""
    token = sign("gate-1", HEADER, b'{"sub": "bob"}')
    note(CLIENT_SECRET)
    pem = private_pem("gate-1").decode()

    for secret in (token, token.rpartition(".")[2][:40], pem, pem.splitlines()[2], CLIENT_SECRET):
        assert secrets_in(f'{{"what": "{secret}"}}'), secret
    for plain in (token.rpartition(".")[0], "eyJ", "0123456789abcdef" * 2, "A" * 86):
        assert not secrets_in(f'{{"what": "{plain}"}}'), plain
