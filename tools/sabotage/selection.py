"""Which tests try a wall, and in which order: those nearest to it first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

Stages = tuple[tuple[str, ...], ...]
"""Files of tests, by stages: each is loaded only if all before it stayed green."""

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

    def fast(self) -> tuple[str, ...]:
        """Give those that open no socket."""
        return tuple(name for name in self._texts if not name.startswith(WITH_SOCKETS))

    def with_sockets(self) -> tuple[str, ...]:
        """Give those that do."""
        return tuple(name for name in self._texts if name.startswith(WITH_SOCKETS))

    def nearest_first(self, file: str, seconds: Mapping[str, float]) -> Stages:
        """
        Give all fast tests for a wall in *file*, in stages.

        Args:
            file: Such as `authz/steps/read.py`.
            seconds: How long the tests of each file take, the quickest goes first.
        """
        stages: dict[int, list[str]] = {0: [], 1: [], 2: [], 3: []}
        for name in sorted(self.fast(), key=lambda name: (seconds.get(name, 0.0), name)):
            stages[self._distance(name, file)].append(name)
        return tuple(tuple(names) for _, names in sorted(stages.items()) if names)

    def _distance(self, name: str, file: str) -> int:
        if name.startswith(LAWS):
            return 3
        module = PurePosixPath(file).with_suffix("")
        if ".".join(module.parts) in self._texts[name]:
            return 0
        room = f"tests/unit/{module.parent.name}/"
        return 1 if name.startswith(room) or name == CASES else 2
