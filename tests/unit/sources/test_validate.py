"""`sources.validate`: what parses may crash, hang or babble; what it says is all that counts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.sources.declared import ChangedMeanwhile, read_declared, read_vetted
from authz.sources.validate import NoVerdict, Validator
from tests.support.waiting import wait_until
from tests.support.worlds import prepare_home

POLICY = "policies/global/deep.cedar"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The worked world."""
    return prepare_home(tmp_path)


def test_sound(home: Path) -> None:
    """A sound world is named by digests, and exactly that is read afterwards."""
    with Validator(home) as validator:
        first, second = validator.validate(), validator.validate()

    assert first == second == read_declared(home).vetted
    assert read_vetted(home, first).vetted == first


def test_mistakes(home: Path) -> None:
    """Mistakes come back as they are, with places, hints and severity."""
    agents = home / "directory/ns/research/agents.yaml"
    agents.write_text(agents.read_text().replace("lifecycle: suspended", "lifecycle: suspnded"))
    with pytest.raises(InvalidWorld) as here:
        read_declared(home)
    with Validator(home) as validator, pytest.raises(InvalidWorld) as there:
        validator.validate()

    assert there.value.diagnostics == here.value.diagnostics
    assert re.search(r"agents\.yaml:\d+:14: error: lifecycle", str(there.value))


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "!" * 100_000, "[" * 100_000, "if true then " * 9999]
)
def test_deep_nesting(text: str, home: Path) -> None:
    """What would overflow a parser's stack is an answer, a mistake or none: this process lives."""
    (home / POLICY).write_text(
        f'@id("deep") permit (principal, action, resource) when {{ {text} }};'
    )
    with Validator(home) as validator, pytest.raises((InvalidWorld, NoVerdict)):
        validator.validate()


def python(text: str) -> tuple[str, ...]:
    """Give a command that runs *text* in place of a validation."""
    return (sys.executable, "-c", text)


BAD: dict[str, tuple[str, str]] = {
    "crashes": ("import os; os.kill(os.getpid(), 11)", "of signal 11"),
    "crashes when asked": (
        "import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 6)",
        "of signal 6",
    ),
    "says nothing": ("", "with code 0"),
    "fails": ("raise SystemExit(7)", "with code 7"),
    "babbles": ("print('yes')", "with code 0"),
    "says a word": ("print('\"mistakes\"')", "with code 0"),
    "leaves the digests out": ("print('{\"mistakes\": []}')", "with code 0"),
    "has no reason": ("print('{}')", "with code 0"),
    "has a strange reason": ("print('{\"mistakes\": [1]}')", "with code 0"),
    "fails after it": (
        'print(\'{"mistakes": [], "folders": "", "all": ""}\'); raise SystemExit(1)',
        "with code 1",
    ),
}


@pytest.mark.parametrize(("text", "says"), BAD.values(), ids=BAD)
def test_no_verdict(text: str, says: str, tmp_path: Path) -> None:
    """A process that ends without a proper answer has said nothing; the next one may."""
    with Validator(tmp_path, python(text)) as validator:
        for _ in range(2):
            with pytest.raises(NoVerdict, match=says):
                validator.validate()


def test_hangs(tmp_path: Path) -> None:
    """A process that does not come to an end is ended."""
    text = "import time; time.sleep(60)"
    with (
        Validator(tmp_path, python(text), seconds=0.2) as validator,
        pytest.raises(NoVerdict, match="it takes longer than"),
    ):
        validator.validate()


def test_interrupted(tmp_path: Path) -> None:
    """A stop ends a validation that is under way, and none is started after it."""
    text = f"import sys, time; sys.stdin.readline(); open({str(tmp_path / 'asked')!r}, 'w'); "
    with (
        Validator(tmp_path, python(f"{text} time.sleep(60)")) as validator,
        ThreadPoolExecutor(1) as pool,
    ):
        under_way = pool.submit(validator.validate)
        wait_until((tmp_path / "asked").exists)
        validator.interrupt()
        with pytest.raises(NoVerdict, match="of signal 9"):
            under_way.result(20)
        validator.get_ready()
        assert validator._ready is None


def test_interrupted_before(tmp_path: Path) -> None:
    """After a stop no validation begins, though nobody was at one when it came."""
    text = f"open({str(tmp_path / 'begun')!r}, 'w')"
    with Validator(tmp_path, python(f"import sys; sys.stdin.readline(); {text}")) as validator:
        assert validator._ready is not None
        validator.interrupt()
        os.waitid(os.P_PID, validator._ready.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(NoVerdict, match="the gate is stopping"):
            validator.validate()

    assert not (tmp_path / "begun").exists()


def test_interrupted_while_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that comes while a process is started ends that one too."""
    with Validator(tmp_path, python("import time; time.sleep(5)")) as validator:
        assert validator._ready is not None
        validator._ready.kill()
        validator._ready.wait()
        start = validator._start

        def stopped_meanwhile() -> subprocess.Popen[bytes]:
            process = start()
            validator.interrupt()
            return process

        monkeypatch.setattr(validator, "_start", stopped_meanwhile)
        with pytest.raises(NoVerdict, match="of signal 9"):
            validator.validate()


def test_no_process(tmp_path: Path) -> None:
    """Where no process can be started that is said, not taken for a yes."""
    with (
        Validator(tmp_path, ("/no/such/program",)) as validator,
        pytest.raises(NoVerdict, match="No such file"),
    ):
        validator.validate()


def test_killed_while_it_waits(home: Path) -> None:
    """Somebody may kill the process that is ready: another one is started when it is needed."""
    with Validator(home) as validator:
        assert validator._ready is not None
        os.kill(validator._ready.pid, signal.SIGKILL)
        os.waitid(os.P_PID, validator._ready.pid, os.WEXITED | os.WNOWAIT)

        assert validator.validate() == read_declared(home).vetted


def test_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A validation that wants more memory than it may have is refused it, and has no verdict."""
    monkeypatch.setattr("authz.sources.validate.MEGABYTES", 64)
    with Validator(home) as validator, pytest.raises(NoVerdict):
        validator.validate()


def test_ends_with_who_started_it(home: Path) -> None:
    """Without anybody who could ask, the process ends by itself."""
    with Validator(home) as validator:
        process = validator._ready
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()

        assert process.wait(20) == 0


@pytest.mark.parametrize("file", ["directory/global/roles.yaml", "keys/corp.jwks.json", POLICY])
def test_other_bytes_are_not_read(file: str, home: Path) -> None:
    """What changes after the validation is not parsed, however it looks."""
    vetted = read_declared(home).vetted
    with (home / file).open("ab") as changed:
        changed.write(b"\n}: {")

    with pytest.raises(ChangedMeanwhile):
        read_vetted(home, vetted)


def test_a_missing_key_file_is_other_bytes(home: Path) -> None:
    """A file that is gone is no reason to load what is left."""
    vetted = read_declared(home).vetted
    (home / "keys/corp.jwks.json").unlink()

    with pytest.raises(ChangedMeanwhile):
        read_vetted(home, vetted)
