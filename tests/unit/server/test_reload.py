"""`server.reload`: what is in force follows the files, or stays as it was and says why."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from authz.model.instant import Instant
from authz.server.certificates import Certificates, CertificateUnusable
from authz.sources.declared import Vetted, read_declared
from authz.sources.validate import NoVerdict
from authz.tokens.rotation import replace_compromised, rotate
from authz.tokens.schedule import RETIRED_AFTER, SIGNS_AFTER
from tests.support.cases import case_named
from tests.support.reloading import Following, InThisProcess, following
from tests.support.volume import as_volume
from tests.support.worlds import prepare_home

AGENTS = "directory/ns/research/agents.yaml"
GATE = "directory/global/gate.yaml"
ACTIVE = "  lifecycle: active\n  identities:\n    - spiffe"
SUSPENDED = ACTIVE.replace("active", "suspended")
FORBID = '@id("stop") forbid (principal, action, resource);'
WARNED = '@id("warned") @scope("no:such") permit (principal, action, resource);'
HOP = case_named("two-hops")
DOCS = "policies/ns/tools/docs.cedar"
HUNTED = '@id("x") forbid (principal, action, resource) when { ip("hunter2").isIpv4() };'
NEW_KEYS = "keys/new.jwks.json"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Following]:
    """The worked world in force."""
    with following(prepare_home(tmp_path)) as found:
        yield found


def test_nothing_changed(gate: Following) -> None:
    """Looking at files that nobody has touched changes nothing and says nothing."""
    before = gate.reload.worlds.now
    gate.look()

    assert gate.reload.worlds.now is before
    assert gate.kept.events == []


@pytest.mark.parametrize(
    ("case", "file", "before", "after"),
    [
        (case_named("search-allowed"), AGENTS, ACTIVE, SUSPENDED),
        (HOP, AGENTS, ACTIVE, SUSPENDED),
    ],
    ids=["the caller", "an inner hop of a token that was issued before"],
)
def test_kill_switch(case: object, file: str, before: str, after: str, gate: Following) -> None:
    """An agent that a file suspends is refused from the next request on, and let in again."""
    assert gate.reason(case) == "allow"  # type: ignore[arg-type]
    gate.edit(file, before, after)
    gate.look()
    assert gate.reason(case) == "suspended"  # type: ignore[arg-type]
    gate.edit(file, after, before)
    gate.look()
    assert gate.reason(case) == "allow"  # type: ignore[arg-type]


def test_a_policy(gate: Following) -> None:
    """A policy that is added binds the next request, and the record names the new world."""
    before = gate.ask().record["world"]
    (gate.home / "policies/global/stop.cedar").write_text(FORBID)
    gate.look()
    refused = gate.ask().record

    assert refused["reason"] == "forbidden"
    assert refused["world"] != before
    assert gate.kept.events == ["reloaded"]
    assert dict(gate.reload.standing.told())["world"] == refused["world"]


def test_a_warning_is_told_once(gate: Following) -> None:
    """What was said of a world before is not said again of the next one."""
    (gate.home / "policies/global/warned.cedar").write_text(WARNED)
    gate.look()
    assert gate.kept.events == ["world", "reloaded"]
    assert "nothing requires no:such" in gate.kept.text

    gate.edit(AGENTS, ACTIVE, SUSPENDED)
    gate.look()
    assert gate.kept.events == ["world", "reloaded", "reloaded"]


Breaking = Callable[[Path], object]

BROKEN: dict[str, tuple[Breaking, str]] = {
    "YAML": (
        lambda home: (home / AGENTS).write_text("a: [\n"),
        "directory/ns/research/agents.yaml",
    ),
    "Cedar": (
        lambda home: (home / "policies/global/x.cedar").write_text("permit (principal"),
        "policies/global/x.cedar",
    ),
    "a deep policy": (
        lambda home: (home / "policies/global/x.cedar").write_text(
            "permit (principal, action, resource) when { " + "(" * 50_000 + " };"
        ),
        "policies/global/x.cedar",
    ),
    "no folder": (lambda home: shutil.rmtree(home / "policies"), "policies"),
    "no file of keys": (
        lambda home: (home / "keys/corp.jwks.json").unlink(),
        "keys/corp.jwks.json",
    ),
    "half a file of keys": (
        lambda home: (home / "keys/corp.jwks.json").write_bytes(b'{"keys": ['),
        "keys/corp.jwks.json",
    ),
    "half a file": (
        lambda home: (home / AGENTS).write_text(
            (home / AGENTS).read_text().partition("lifecycle: active")[0] + "life"
        ),
        "directory/ns/research/agents.yaml",
    ),
    "a listener": (
        lambda home: (home / GATE).write_text(
            (home / GATE).read_text().replace("run/out.sock", "run/other.sock")
        ),
        GATE,
    ),
    "the records": (
        lambda home: (home / GATE).write_text(
            (home / GATE).read_text().replace("decisions.jsonl", "other.jsonl")
        ),
        GATE,
    ),
    "the folder of keys": (
        lambda home: (home / GATE).write_text(
            (home / GATE).read_text().replace("keys/gate", "keys/other")
        ),
        GATE,
    ),
}


@pytest.mark.parametrize(("breaking", "file"), BROKEN.values(), ids=BROKEN)
def test_broken(breaking: Breaking, file: str, gate: Following, tmp_path: Path) -> None:
    """What does not load leaves all as it was and names the file; mended, it is taken over."""
    whole = tmp_path / "whole"
    shutil.copytree(gate.home, whole, symlinks=True)
    before = gate.reload.worlds.now
    breaking(gate.home)
    gate.look()

    assert gate.reload.worlds.now is before
    assert gate.reason() == "allow"
    assert file in {row["file"] for row in gate.failed["world"]["mistakes"]}
    assert set(gate.kept.events) == {"reload_failed"}
    gate.look()
    assert gate.kept.events.count("reload_failed") == len(gate.failed["world"]["mistakes"])

    for part in ("directory", "policies", "keys"):
        shutil.rmtree(gate.home / part, ignore_errors=True)
        shutil.copytree(whole / part, gate.home / part)
    gate.look()
    assert gate.failed == {}
    assert gate.kept.events[-1] == "mended"
    gate.edit(AGENTS, ACTIVE, SUSPENDED)
    gate.look()
    assert gate.reason() == "suspended"


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("run/out.sock", "run/other.sock", "the listeners change"),
        ("level: written", "level: queued", "the level of records changes"),
    ],
)
def test_a_place_is_told(before: str, after: str, what: str, gate: Following) -> None:
    """What cannot change without a restart is told at its place, with what to do."""
    text = (gate.home / GATE).read_text()
    line = text[: text.index(before)].count("\n") + 1
    gate.edit(GATE, before, after)
    gate.look()

    assert f"directory/global/gate.yaml:{line}:" in gate.kept.text
    assert f"{what} at a restart only (restart the gate" in gate.kept.text


QUOTING = {
    "a member": (AGENTS, ACTIVE, ACTIVE.replace("lifecycle", "hunter2")),
    "a token of a policy": (DOCS, "permit", "hunter2"),
    "an address in a policy": (DOCS, "@id(", f"{HUNTED}\n@id("),
}


@pytest.mark.parametrize("edit", QUOTING.values(), ids=QUOTING)
def test_a_probe_is_told_nothing_of_files(edit: tuple[str, str, str], gate: Following) -> None:
    """Whoever may ask for our keys may ask a probe: what mistakes quote is in the log alone."""
    file, before, after = edit
    text = (gate.home / file).read_text()
    (gate.home / file).write_text(text.replace(before, after, 1))
    gate.look()

    assert "hunter2" in gate.kept.text
    assert gate.failed["world"]["mistakes"][0]["line"]
    assert "hunter2" not in str(gate.failed)


def test_key_files_that_are_new(gate: Following) -> None:
    """A file that a new document names is looked for until it is there."""
    gate.edit("directory/global/issuers.yaml", "keys/corp.jwks.json", "keys/new.jwks.json")
    gate.look()
    assert "keys/new.jwks.json" in gate.failed["world"]["mistakes"][0]["file"]

    shutil.copy(gate.home / "keys/corp.jwks.json", gate.home / "keys/new.jwks.json")
    gate.look()
    assert gate.failed == {}
    assert gate.reason() == "allow"


def test_issuer_keys(gate: Following) -> None:
    """Keys that an issuer's file no longer has verify nothing."""
    partner = (gate.home / "keys/partner.jwks.json").read_bytes()
    (gate.home / "keys/corp.jwks.json").write_bytes(partner)
    gate.look()

    assert gate.reason() == "credential_invalid"


class Changing(InThisProcess):
    """Finds sound what is not there any more when it is read."""

    def validate(self) -> Vetted:
        """Let somebody suspend an agent right after the validation."""
        vetted = read_declared(self._home).vetted
        path = self._home / AGENTS
        path.write_text(path.read_text() + "# a change\n")
        return vetted


class Crashing(InThisProcess):
    """Ends without an answer the first time."""

    asked = 0

    def validate(self) -> Vetted:
        """Say nothing, then what is so."""
        self.asked += 1
        if self.asked == 1:
            raise NoVerdict("it ended of signal 11")
        return super().validate()


def test_changed_after_the_validation(tmp_path: Path) -> None:
    """Bytes that were not validated are never in force, and are validated next."""
    home = prepare_home(tmp_path)
    with following(home, Changing(home)) as gate:
        before = gate.reload.worlds.now
        gate.edit(AGENTS, ACTIVE, SUSPENDED)
        gate.look()
        assert gate.reload.worlds.now is before

        gate.reload.validator = InThisProcess(home)
        gate.look()
        assert gate.reason() == "suspended"


class Late(InThisProcess):
    """Finds sound, the first time, a key file that is another one when it is read."""

    asked = 0

    def validate(self) -> Vetted:
        """Let somebody end the new file right after the validation."""
        vetted = super().validate()
        self.asked += 1
        if self.asked == 1:
            with (self._home / NEW_KEYS).open("a") as file:
                file.write("\n")
        return vetted


def test_a_new_file_changed_after_the_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only the new documents name is not watched yet, so it is tried again by itself."""
    monkeypatch.setattr("authz.server.watching.RETRY_SECONDS", 0)
    home = prepare_home(tmp_path)
    with following(home, Late(home)) as gate:
        before = gate.reload.worlds.now
        shutil.copy(home / "keys/corp.jwks.json", home / NEW_KEYS)
        gate.edit("directory/global/issuers.yaml", "keys/corp.jwks.json", NEW_KEYS)
        gate.look()
        assert gate.reload.worlds.now is before

        gate.watching.look_once(float("inf"))
        assert gate.reload.worlds.now is not before
        assert gate.reason() == "allow"


def test_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where validation crashes all stays as it was, is said, and tried again by itself."""
    monkeypatch.setattr("authz.server.watching.RETRY_SECONDS", 0)
    home = prepare_home(tmp_path)
    with following(home, Crashing(home)) as gate:
        gate.edit(AGENTS, ACTIVE, SUSPENDED)
        gate.watching.look_once(11.0)
        gate.watching.look_once(12.0)
        assert gate.reason() == "allow"
        assert "signal 11" in gate.kept.text
        assert gate.kept.events == ["reload_failed"]

        gate.watching.look_once(float("inf"))
        assert gate.reason() == "suspended"
        assert gate.failed == {}


def test_a_fault_of_ours(gate: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault while building leaves all as it was; it is logged without its message."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    before = gate.reload.worlds.now
    monkeypatch.setattr(gate.reload.asking, "of", broken)
    gate.edit(AGENTS, ACTIVE, SUSPENDED)
    gate.look()

    assert gate.reload.worlds.now is before
    assert gate.kept.events == ["fault"]
    assert "secret" not in gate.kept.text


def test_rotation(gate: Following) -> None:
    """Through a rotation each token verifies by what is published, and keys change by the clock."""
    start, folder = gate.clock(), gate.home / "keys/gate"
    new = rotate(folder, start).next_key.key_id
    seen: list[tuple[str, set[str | None]]] = []
    for seconds in (0, SIGNS_AFTER - 1, SIGNS_AFTER, SIGNS_AFTER + RETIRED_AFTER):
        gate.clock.now = start + seconds
        gate.look()
        now = gate.reload.worlds.now
        known = {key.key_id for key in now.world.own_keys.keys}
        seen.append((now.keys.signing_id, known))

    assert seen == [
        ("gate-1", {"gate-1", new}),
        ("gate-1", {"gate-1", new}),
        (new, {"gate-1", new}),
        (new, {new}),
    ]
    assert gate.kept.events == ["reloaded"] * 3


def test_a_token_comes_back_during_a_rotation(gate: Following) -> None:
    """A hop token of the key before is believed after the change, until it is retired."""
    rotate(gate.home / "keys/gate", Instant(gate.clock() - SIGNS_AFTER))
    gate.look()
    assert gate.reload.signing.signing_id != "gate-1"
    assert gate.reason(HOP) == "allow"


def test_compromised(gate: Following) -> None:
    """Tokens of a key that was dropped are not believed from the next request on."""
    replace_compromised(gate.home / "keys/gate", gate.clock())
    gate.look()

    assert gate.reason(HOP) == "credential_invalid"
    assert gate.reason() == "allow"


def test_keys_follow_though_the_world_is_broken(gate: Following) -> None:
    """A compromised key is dropped also while a mistake keeps the directory as it was."""
    (gate.home / AGENTS).write_text("a: [")
    replace_compromised(gate.home / "keys/gate", gate.clock())
    gate.look()

    assert gate.reason(HOP) == "credential_invalid"
    assert set(gate.failed) == {"world"}


@pytest.mark.parametrize(
    "breaking",
    [
        lambda folder: (folder / "gate-1.pem").chmod(0o644),
        lambda folder: (folder / "gate-2.pem").write_text("half a key"),
        lambda folder: (folder / "gate-1.pem").unlink(),
        shutil.rmtree,
    ],
    ids=["read by all", "half written", "no key", "no folder"],
)
def test_broken_keys(breaking: Breaking, gate: Following) -> None:
    """A folder of keys that cannot be used leaves the keys as they were, and is said."""
    before = gate.reload.worlds.now
    breaking(gate.home / "keys/gate")
    gate.look()

    assert gate.reload.worlds.now is before
    assert (set(gate.failed), gate.kept.events) == ({"keys"}, ["reload_failed"])
    assert gate.reason(HOP) == "allow"


def test_mended_keys(gate: Following) -> None:
    """Keys that can be used again are no failure any more, and that is said."""
    key = gate.home / "keys/gate/gate-1.pem"
    for mode in (0o644, 0o600):
        key.chmod(mode)
        gate.look()

    assert gate.failed == {}
    assert gate.kept.events == ["reload_failed", "mended"]


def test_each_round(gate: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked for a world before is closed in time, without a change that brings it."""
    closed: list[float] = []
    monkeypatch.setattr(gate.reload.asking, "close_old", closed.append)
    gate.look()

    assert closed


class Renewing(Certificates):
    """Certificates that become one thing after another."""

    def __init__(self, *becomes: bool | CertificateUnusable) -> None:
        self.paths = (Path("tls/gate.pem"),)
        self._becomes = iter(becomes)

    def renew(self) -> bool:
        """Say whether they are others, or that they cannot be used."""
        found = next(self._becomes)
        if isinstance(found, CertificateUnusable):
            raise found
        return found


def test_certificates(gate: Following) -> None:
    """Those that cannot be used are told once, and so are those that are mended, or new."""
    half = CertificateUnusable("half of it")
    found = Renewing(False, half, half, False, True)
    failed = []
    for _ in range(5):
        gate.reload.renew("tls of out", found)
        failed.append([row["file"] for each in gate.failed.values() for row in each["mistakes"]])

    assert failed == [[], ["tls/gate.pem"], ["tls/gate.pem"], [], []]
    assert gate.kept.events == ["reload_failed", "mended", "reloaded"]


def test_a_mounted_volume(tmp_path: Path) -> None:
    """A Kubernetes volume is read as it is mounted, and a swap of it is taken over whole."""
    home = prepare_home(tmp_path)
    volume = as_volume(home / "directory")
    with following(home) as gate:
        assert gate.reason() == "allow"
        name = AGENTS.removeprefix("directory/")
        files = volume.files
        text = files[name].replace(ACTIVE.encode(), SUSPENDED.encode())
        volume.write({**files, name: text})
        gate.look()

        assert gate.reason() == "suspended"
        assert gate.failed == {}
