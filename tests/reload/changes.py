"""What changes under the load: files of a world, again and again, sound and broken in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from authz.model.instant import Instant
from authz.tokens.signing_keys import make_key
from examples.edge.certificates import Authority
from tests.support.waiting import wait_until

AGENTS = "directory/ns/research/agents.yaml"
ASSISTANT = """metadata: {name: assistant, namespace: research}
spec:
  owner: alice@example.com
  lifecycle: """
DESK = "spiffe://example.org/ns/research/sa/desk"
POLICY = "policies/global/load.cedar"
FORBID = """@id("load") @reason("the load")
forbid (principal == Agent::"research/desk", action, resource);
"""
HALF = "forbid (principal == "
US = "spiffe://example.org/ns/narrowgate/sa/gate"

SIGNS_AFTER = 4
"""Seconds from the making of a key to its first token: more than anybody here takes to see it."""

wait = partial(wait_until, pause=0.02)
"""Wait for a change to be seen, asking so seldom that it is no load."""


@dataclass
class Strict:
    """An agent that is let in, or not, and since when that must be so."""

    is_let_in: bool = True
    changing: bool = False
    number: int = 0
    """Of the change; what was asked across one may be answered either way."""


@dataclass
class Changes:
    """Changes the files of a running gate, one after the other, and waits until each is seen."""

    home: Path
    authority: Authority
    standing: Callable[[], dict[str, object]]
    """What `/readyz` says."""

    key_ids: Callable[[], set[str]]
    """Which keys are published."""

    assistant: Strict = field(default_factory=Strict)
    desk: Strict = field(default_factory=Strict)
    seen_after: list[float] = field(default_factory=list)
    """Seconds from each change of the world to its being in force."""

    counts: dict[str, int] = field(default_factory=dict)

    def once(self) -> None:
        """Change everything once."""
        for what in (
            self._toggle_lifecycle,
            self._certificate,
            self._break_directory,
            self._toggle_policy,
            self._key,
            self._break_policy,
            self._break_certificate,
        ):
            what()
            name = what.__name__.strip("_")
            self.counts[name] = self.counts.get(name, 0) + 1

    def _toggle_lifecycle(self) -> None:
        path = self.home / AGENTS
        text = path.read_text()
        before, after = "active", "suspended"
        if not self.assistant.is_let_in:
            before, after = after, before
        assert text.count(ASSISTANT + before) == 1
        changed = text.replace(ASSISTANT + before, ASSISTANT + after)
        self._change(self.assistant, lambda: _put(path, changed))

    def _toggle_policy(self) -> None:
        path = self.home / POLICY
        if self.desk.is_let_in:
            self._change(self.desk, lambda: _put(path, FORBID))
        else:
            self._change(self.desk, path.unlink)

    def _change(self, who: Strict, act: Callable[[], object]) -> None:
        before = self.standing()["world"]
        who.changing = True
        started = time.monotonic()
        act()
        wait(lambda: self.standing()["world"] != before)
        self.seen_after.append(time.monotonic() - started)
        who.is_let_in = not who.is_let_in
        who.number += 1
        who.changing = False

    def _break_directory(self) -> None:
        """Write half a file in place, and mend it."""
        path = self.home / AGENTS
        text = path.read_text()
        self._break(path, text[: len(text) // 2], lambda: path.write_text(text))

    def _break_policy(self) -> None:
        path = self.home / "policies/global/broken.cedar"
        self._break(path, HALF, path.unlink)

    def _break(self, path: Path, text: str, mend: Callable[[], object]) -> None:
        path.write_text(text)
        wait(lambda: "world" in _failed(self.standing()))
        mend()
        wait(lambda: "world" not in _failed(self.standing()))

    def _key(self) -> None:
        """Make a key that signs soon, and wait until it is published; the oldest of many go."""
        folder = self.home / "keys/gate"
        made = make_key(folder, Instant(int(time.time()) + SIGNS_AFTER))
        wait(lambda: made in self.key_ids())

    def _certificate(self) -> None:
        self.authority.issue("gate", US)

    def _break_certificate(self) -> None:
        path = self.home / "tls/gate.pem"
        text = path.read_bytes()
        path.write_bytes(text[:100])
        wait(lambda: "tls of tls" in _failed(self.standing()))
        path.write_bytes(text)
        wait(lambda: "tls of tls" not in _failed(self.standing()))


def _failed(standing: dict[str, object]) -> dict[str, object]:
    failed = standing["failed"]
    assert isinstance(failed, dict)
    return failed


def _put(path: Path, text: str) -> None:
    """Write as tools do: beside, then into place."""
    draft = path.with_name(f".{path.name}.tmp")
    draft.write_text(text)
    draft.rename(path)
