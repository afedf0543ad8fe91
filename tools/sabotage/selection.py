"""Which tests try a wall, and in which order: those nearest to it first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple


class Stage(NamedTuple):
    """Tests that are loaded together, only if all stages before stayed green."""

    files: tuple[str, ...]
    tests: frozenset[str] | None = None
    """Those of them that are run; None for all."""


Stages = tuple[Stage, ...]

WITH_SOCKETS = ("tests/clients", "tests/envoy", "tests/process")
"""Slow: they start servers. They try only what nothing faster finds."""

OF_TOOLS = "tests/unit/tools"
"""They try this tool, and no wall."""

LAWS = "tests/laws"
CASES = "tests/test_cases.py"


class Tests:
    """All files of tests of one tree."""

    def __init__(self, root: Path) -> None:
        self._texts = {
            path.relative_to(root).as_posix(): path.read_text()
            for path in sorted(root.glob("tests/**/test_*.py"))
            if not path.relative_to(root).as_posix().startswith(OF_TOOLS)
        }

    def with_sockets(self) -> Stages:
        """Give those that open sockets."""
        files = tuple(name for name in self._texts if name.startswith(WITH_SOCKETS))
        return (Stage(files),) if files else ()

    def nearest_first(self, file: str, seconds: Mapping[str, float]) -> Stages:
        """
        Give all other tests for a wall in *file*.

        Args:
            file: Such as `authz/steps/read.py`.
            seconds: How long the tests of each file take, the quickest goes first.
        """
        stages: dict[int, list[str]] = {0: [], 1: [], 2: [], 3: []}
        for name in sorted(self._texts, key=lambda name: (seconds.get(name, 0.0), name)):
            if not name.startswith(WITH_SOCKETS):
                stages[self._distance(name, file)].append(name)
        return tuple(Stage(tuple(names)) for _, names in sorted(stages.items()) if names)

    def _distance(self, name: str, file: str) -> int:
        if name.startswith(LAWS):
            return 3
        module = PurePosixPath(file).with_suffix("")
        if ".".join(module.parts) in self._texts[name]:
            return 0
        room = f"tests/unit/{module.parent.name}/"
        return 1 if name.startswith(room) or name == CASES else 2


def narrowed(stages: Stages, tests: frozenset[str]) -> Stages:
    """Give *stages* with none but *tests*."""
    files = {test.partition("::")[0] for test in tests}
    kept = (Stage(tuple(name for name in stage.files if name in files), tests) for stage in stages)
    return tuple(stage for stage in kept if stage.files)
