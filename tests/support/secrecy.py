"""Nothing secret is written by anything that the suite runs: a check of every test and of it all.

A secret is noted when a test makes it (`note`). Looked for are all of those, and whatever looks
like a signed token or a private key, whoever made it. Looked at is what a test's own process
printed and logged, the records and log lines that a test kept in memory, and in the end every log
and record file of every gate. Each process of a run with several looks at what it made itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

WRITTEN = ("*.log", "*.jsonl")
"""Names of what gates write, and their fronts."""

LEAST = 24
"""Characters of a secret that are as good as all of it."""

LEAST_DIFFERENT = 8

_RUN = re.compile(rf"[A-Za-z0-9_+/=-]{{{LEAST},}}")
_LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bngr_[\w-]{16,}"
)

_beginnings: set[str] = set()
_words: set[str] = set()
_leaks: list[str] = []


def note(*secrets: str) -> None:
    """Note secrets that a test uses. Of a signed token its signature is what must not be told."""
    for secret in secrets:
        last = secret.rpartition(".")[2]
        if _RUN.fullmatch(last):
            # A signature of zeros, which a hostile caller may send, is no secret.
            if len({*last[:LEAST]}) >= LEAST_DIFFERENT:
                _beginnings.add(last[:LEAST])
        elif last:
            _words.add(secret)


def note_key(key: ec.EllipticCurvePrivateKey) -> None:
    """Note a private key, as PEM and as a JWK have it."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    number = key.private_numbers().private_value.to_bytes(32, "big")
    # The first line of the PEM is the same for all keys of its kind.
    note(*pem.decode().splitlines()[2:-1], base64.urlsafe_b64encode(number).decode())


def secrets_in(text: str) -> list[str]:
    """Give the secrets that *text* tells, shortened."""
    found = [match[0] for match in _LOOKS_SECRET.finditer(text)]
    found += [run for run in _RUN.findall(text) if run[:LEAST] in _beginnings]
    found += [word for word in _words if word in text]
    return [each[:LEAST] for each in found]


def look(where: str, text: str) -> None:
    """Look at *text* that was written *where*; what it tells fails the test that is running."""
    _leaks.extend(f"{where} tells a secret: {each}…" for each in secrets_in(text))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Fail a test by what it, or something that it ran in this process, has told."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    for title, text in report.sections:
        look(title, text)
    if _leaks:
        report.outcome, report.longrepr = "failed", "\n".join(_leaks)
        _leaks.clear()
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_was_written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Look in the end at every file that a gate of this process wrote."""
    yield
    told = _told_by_files(tmp_path_factory.getbasetemp())
    assert not told, "\n".join(told)


def _told_by_files(folder: Path) -> list[str]:
    files = [each for name in WRITTEN for each in folder.rglob(name) if each.is_file()]
    return [
        f"{file.relative_to(folder)} tells a secret: {each}…"
        for file in files
        for each in secrets_in(file.read_text(errors="replace"))
    ]
