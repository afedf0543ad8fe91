"""`server.watching`: the thread that looks, whatever goes wrong on the way."""

from __future__ import annotations

import threading
from pathlib import Path

from authz.server.watching import NotNow, Part, Watching
from tests.support.network import KeptLog
from tests.support.waiting import wait_until


def test_it_goes_on(tmp_path: Path) -> None:
    """Faults of looking, of acting, and of what each round does are logged; the next look comes."""
    kept, acted, over = KeptLog(), threading.Event(), threading.Event()
    faults = iter([ZeroDivisionError("secret"), KeyboardInterrupt(), SystemExit(1)])

    def fail() -> None:
        error = next(faults, None)
        if error is not None:
            raise error
        over.set()

    def paths() -> list[Path]:
        fail()
        return [tmp_path]

    with Watching([Part(paths, acted.set)], fail, kept.log):
        assert acted.wait(20)
        assert over.wait(20)

    assert kept.events == ["fault"] * 3
    assert "secret" not in kept.text


def test_it_stops(tmp_path: Path) -> None:
    """At the end of the block nobody looks any more."""
    looks, before = list[int](), set(threading.enumerate())
    with Watching([Part(lambda: [tmp_path], lambda: None)], lambda: looks.append(1), KeptLog().log):
        wait_until(lambda: len(looks) >= 2)
    seen = len(looks)

    assert set(threading.enumerate()) <= before
    assert len(looks) == seen


def test_only_what_is_not_known_is_tried_again(tmp_path: Path) -> None:
    """What was acted on waits for its next change; what nobody could say is tried by itself."""
    done: list[str] = []

    def unknown() -> None:
        done.append("unknown")
        raise NotNow

    parts = [
        Part(lambda: [tmp_path], unknown),
        Part(lambda: [tmp_path], lambda: done.append("known")),
    ]
    watching = Watching(parts, lambda: None, KeptLog().log)
    for moment in (0.0, 1.0, 2.0):
        watching.look_once(moment)
    assert done == ["unknown", "known"]

    watching.look_once(float("inf"))
    assert done == ["unknown", "known", "unknown"]
