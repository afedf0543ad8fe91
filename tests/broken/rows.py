"""Worlds with a mistake as data, written out as folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.unit.directory.changes import SOUND

HERE = Path(__file__).parent
WORLD: Mapping[str, str] = {**SOUND, **yaml.safe_load((HERE / "world.yaml").read_text())}


@dataclass(frozen=True, slots=True)
class Row:
    """One change to the sound world, and what is then told."""

    name: str
    finds: tuple[str, ...]
    """`file:line:column: severity: message (hint)` of everything that is told."""

    file: str = ""
    old: str = ""
    new: str = ""
    add: Mapping[str, str] | None = None
    drop: str = ""

    def files(self) -> dict[str, str]:
        """Give the texts of the world after the change."""
        files = {**WORLD, **(self.add or {})}
        if self.file:
            assert files[self.file].count(self.old) == 1, self.name
            files[self.file] = files[self.file].replace(self.old, self.new)
        if self.drop:
            del files[self.drop]
        return files


def rows_of(name: str) -> list[Row]:
    """Give the rows of a file beside this one."""
    rows: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text())
    return [Row(**{**row, "finds": tuple(row["finds"])}) for row in rows]


def write_world(files: Mapping[str, str], home: Path) -> Path:
    """Write *files* below *home*."""
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return home
