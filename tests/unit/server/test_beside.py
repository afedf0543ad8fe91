"""`server.beside`: a world is built beside requests, and goes away though it was set aside."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from authz.directory.compiled import Agent, Connection, Directory, Target
from authz.directory.offers import Tool
from authz.directory.waiting import Agents
from authz.policy.compiled import Policies
from authz.server import reload as module
from authz.server.beside import SWITCH_SECONDS, beside_requests, collect_rarely
from authz.sources.declared import Declared, Vetted, read_vetted
from tests.support.reloading import InThisProcess, following
from tests.support.worlds import prepare_home


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """Let other tests have all their objects looked at."""
    yield
    gc.unfreeze()


def test_settings() -> None:
    """While it is built no full collection is due; afterwards, mistake or not, all is as it was."""
    before = gc.get_threshold(), sys.getswitchinterval()
    during = before
    with suppress(KeyError), beside_requests():
        during = gc.get_threshold(), sys.getswitchinterval()
        assert gc.isenabled()
        raise KeyError

    assert during[0][:2] == before[0][:2]
    assert during[0][2] > 1_000_000
    assert during[1] == pytest.approx(SWITCH_SECONDS)
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
    assert gc.get_freeze_count() > 0


def test_serving_looks_for_garbage_rarely() -> None:
    """The young are not looked through for each few decisions, and still they are."""
    before = gc.get_threshold()
    try:
        collect_rarely()

        assert gc.isenabled()
        assert all(own > python for own, python in zip(gc.get_threshold(), before, strict=True))
    finally:
        gc.set_threshold(*before)


def test_a_reload_is_beside_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The world that a reload builds is built so."""
    seen: list[int] = []

    def read(home: Path, vetted: Vetted) -> Declared:
        seen.append(gc.get_threshold()[2])
        return read_vetted(home, vetted)

    monkeypatch.setattr(module, "read_vetted", read)
    home = prepare_home(tmp_path)
    with following(home) as gate:
        (home / "policies/global/more.cedar").write_text("// a change\n")
        gate.look()

    assert gate.kept.events == ["reloaded"]
    assert [each > 1_000_000 for each in seen] == [True]


PARTS = (Directory, Agent, Connection, Target, Tool, Policies, Agents)


def living() -> Counter[str]:
    """Count the parts of worlds that there are."""
    return Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, PARTS))


def test_a_world_has_no_cycles(tmp_path: Path) -> None:
    """What was set aside is freed without the collector: old worlds do not pile up."""
    home = prepare_home(tmp_path)
    vetted = InThisProcess(home).validate()
    gc.collect()
    gc.disable()
    try:
        before = living()
        declared = read_vetted(home, vetted)
        agents = dict(declared.directory.agents)
        during = living()
        del declared, agents
        after = living()
    finally:
        gc.enable()

    assert set(during - before) == {part.__name__ for part in PARTS}
    assert after == before
