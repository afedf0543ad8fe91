"""`sources.kept` and `opening`: who was validated before starts sooner, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from authz.directory.load import OwnPlaces
from authz.model.instant import Instant
from authz.sources import kept, opening
from authz.sources.declared import Declared, Vetted, read_declared
from authz.sources.kept import KeptVerdict
from authz.sources.opening import open_declared
from authz.sources.validate import NoVerdict
from authz.tokens.rotation import replace_compromised, rotate
from authz.tokens.seals import Seals
from authz.tokens.signing_keys import open_key_ring
from tests.support.network import KeptLog
from tests.support.reloading import InThisProcess
from tests.support.worlds import prepare_home

AGENTS = "directory/ns/research/agents.yaml"
NOW = Instant(1_800_000_000)


class Counting(InThisProcess):
    """Says how often it was asked."""

    asked = 0

    def validate(self) -> Vetted:
        """Validate."""
        self.asked += 1
        return super().validate()


class Starts:
    """A gate that is started again and again in one folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.validator = Counting(home)
        self.log = KeptLog()

    @property
    def file(self) -> Path:
        """Where the verdict is kept."""
        return self.home / "records/decisions.jsonl.validated"

    @property
    def kept(self) -> KeptVerdict:
        """The verdict, as the next start sees it."""
        return self.kept_at(OwnPlaces("keys/gate", "records/decisions.jsonl"))

    def kept_at(self, places: OwnPlaces) -> KeptVerdict:
        """As `app` has it."""
        file = self.home / f"{places.records_file}.validated"
        return KeptVerdict(file, Seals.of(open_key_ring(self.home / places.keys_folder)))

    def start(self) -> Declared:
        """Start once."""
        return open_declared(self.home, self.kept_at, self.validator, self.log.log)


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """The worked world, as if it were a large one."""
    monkeypatch.setattr(opening, "LARGE", 0)
    return Starts(prepare_home(tmp_path))


def test_validated_once(starts: Starts) -> None:
    """A second start of the same files validates nothing, and has the same world."""
    first, second = starts.start(), starts.start()

    assert starts.validator.asked == 1
    assert first.vetted == second.vetted == read_declared(starts.home).vetted
    assert first.version == second.version
    assert starts.log.events == []


def test_a_small_world(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small world is validated where it is, every time, and nothing is kept of it."""
    monkeypatch.setattr(opening, "LARGE", 10_000_000)
    declared = starts.start()

    assert declared.vetted == read_declared(starts.home).vetted
    assert starts.validator.asked == 0
    assert not starts.file.exists()


def edited(file: str) -> Callable[[Starts], None]:
    """Give what adds a line of white space to *file*."""

    def change(starts: Starts) -> None:
        with (starts.home / file).open("a") as opened:
            opened.write("\n")

    return change


def other_byte(place: Callable[[bytes], int]) -> Callable[[Starts], None]:
    """Give what changes one bit of the verdict."""

    def change(starts: Starts) -> None:
        text = bytearray(starts.file.read_bytes())
        text[place(bytes(text))] ^= 1
        starts.file.write_bytes(text)

    return change


def written(make: Callable[[bytes], bytes]) -> Callable[[Starts], None]:
    """Give what writes another verdict in its place."""
    return lambda starts: void(starts.file.write_bytes(make(starts.file.read_bytes())))


def void(_: object) -> None:
    """Give nothing."""


def sealed_by_another(starts: Starts) -> None:
    """Let somebody with a key of his own seal the same."""
    vetted = starts.kept.find(read_declared(starts.home).vetted.folders)
    assert vetted is not None
    other = open_key_ring(starts.home / "keys/other")
    KeptVerdict(starts.file, Seals.of(other)).keep(vetted)


def compromised(starts: Starts) -> None:
    """Take the key away that sealed it."""
    replace_compromised(starts.home / "keys/gate", NOW)


CHANGES: dict[str, Callable[[Starts], None]] = {
    "a document": edited(AGENTS),
    "a policy": edited("policies/global/grants.cedar"),
    "a file that tools refer to": edited("directory/ns/finance/payments.json"),
    "keys of an issuer": edited("keys/corp.jwks.json"),
    "no verdict": lambda starts: starts.file.unlink(),
    "nothing in it": written(lambda _: b""),
    "no lines": written(lambda text: text.replace(b"\n", b" ")),
    "cut short": written(lambda text: text[:-1]),
    "longer": written(lambda text: text + b"\n"),
    "without its last line": written(lambda text: text[: text.rindex(b"\n", 0, -1) + 1]),
    "a list": written(lambda text: b"[]\n" + text),
    "no seal": written(lambda text: b'{"by": 1}\n' + text.split(b"\n", 1)[1]),
    "a seal that is none": written(
        lambda text: (
            b'{"by": "%s", "seal": "\xc3\xa4"}\n' % kept.program().encode()
            + text.split(b"\n", 1)[1]
        )
    ),
    "another seal": other_byte(lambda text: text.index(b'"seal": "') + 10),
    "another program": other_byte(lambda text: text.index(b'"by": "') + 10),
    "another digest": other_byte(lambda text: text.index(b'"folders":"') + 12),
    "another agent": other_byte(lambda text: text.index(b"research-agent")),
    "sealed by another": sealed_by_another,
    "sealed by a compromised key": compromised,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_validated_again(change: Callable[[Starts], None], starts: Starts) -> None:
    """What is not exactly what was validated is validated, and that is kept instead."""
    starts.start()
    change(starts)
    second, third = starts.start(), starts.start()

    assert starts.validator.asked == 2
    assert second.vetted == third.vetted == read_declared(starts.home).vetted


def test_another_version(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program may have other rules, so it believes no verdict of this one."""
    starts.start()
    monkeypatch.setattr(kept, "program", lambda: "another")
    starts.start()

    assert starts.validator.asked == 2


def test_rotated(starts: Starts) -> None:
    """A verdict outlives a planned change of keys."""
    starts.start()
    rotate(starts.home / "keys/gate", NOW)
    starts.start()

    assert starts.validator.asked == 1


def test_a_folder_that_is_not_ours(starts: Starts) -> None:
    """Where nothing can be kept the world is validated at each start, and that is said."""
    (starts.home / "records").write_text("a file where the folder should be")
    first = starts.start()

    assert first.vetted == read_declared(starts.home).vetted
    assert starts.log.events == ["verdict_not_kept"]


def test_no_answer(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A world that takes a process too long is validated here, before anybody asks, and kept."""

    def no_answer(_: object) -> Vetted:
        raise NoVerdict("it takes longer than 60 s")

    with monkeypatch.context() as patched:
        patched.setattr(Counting, "validate", no_answer)
        first = starts.start()
    second = starts.start()

    assert first.vetted == second.vetted == read_declared(starts.home).vetted
    assert starts.validator.asked == 0
    assert starts.log.events == ["validated_here"]
