"""A mounted Kubernetes volume: how kubelet lays it out, and how it swaps it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DATA, NEXT = "..data", "..data_tmp"


@dataclass
class Volume:
    """
    A volume at *folder*: `..data` leads to a folder with all files, the rest are links through it.

    Its top-level names are links, `agents.yaml -> ..data/agents.yaml`, folders too, which a volume
    has where its `items` have a path such as `ns/research/agents.yaml`.
    """

    folder: Path
    generation: int = field(default=0, init=False)

    @property
    def files(self) -> dict[str, bytes]:
        """What it holds."""
        return _files((self.folder / DATA).resolve())

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put *files* in place of all that was there, in one step."""
        self.folder.mkdir(parents=True, exist_ok=True)
        old = (self.folder / DATA).resolve()
        self.generation += 1
        new = self.folder / f"..2026_11_26_12_00_00.{self.generation:09}"
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / NEXT).symlink_to(new.name)
        (self.folder / NEXT).rename(self.folder / DATA)
        tops = {name.partition("/")[0] for name in files}
        for top in tops:
            if not (self.folder / top).is_symlink():
                (self.folder / top).symlink_to(f"{DATA}/{top}")
        for path in self.folder.iterdir():
            if path.is_symlink() and not path.name.startswith("..") and path.name not in tops:
                path.unlink()
        if old.name != DATA:
            shutil.rmtree(old)


def as_volume(folder: Path) -> Volume:
    """Make a volume of what is in *folder*, which must be plain files and folders."""
    files = _files(folder)
    shutil.rmtree(folder)
    volume = Volume(folder)
    volume.write(files)
    return volume


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
