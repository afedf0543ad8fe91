"""A sound directory as files, and what a row of `broken*.yaml` makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ROOT = "directory/"

SOUND: Mapping[str, str] = yaml.safe_load((HERE / "sound.yaml").read_text())
BROKEN: tuple[Mapping[str, Any], ...] = tuple(
    row
    for name in ("broken.yaml", "broken_words.yaml")
    for row in yaml.safe_load((HERE / name).read_text())
)


def sound() -> dict[str, bytes]:
    """Give the files of the directory without mistakes."""
    return {name: text.encode() for name, text in SOUND.items()}


def changed(row: Mapping[str, Any]) -> dict[str, bytes]:
    """Give the files after the change of *row*."""
    files = sound()
    apply(row, files)
    return files


def apply(row: Mapping[str, Any], files: dict[str, bytes]) -> None:
    """Make the change of *row* in *files*."""
    for name, place in row.get("move", {}).items():
        files[ROOT + place] = files.pop(ROOT + name)
    for name in row.get("drop", ()):
        del files[ROOT + name]
    for name, text in row.get("add", {}).items():
        files[ROOT + name] = text.encode()
    if "file" in row:
        name, old = ROOT + row["file"], row["old"].encode()
        assert old in files[name], f"{row['name']}: {row['old']!r} does not stand in {name}"
        files[name] = files[name].replace(old, row["new"].encode(), 1)
