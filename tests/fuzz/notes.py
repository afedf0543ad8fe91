"""What a run under the fuzzer notes of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass
class Notes:
    """So far."""

    inputs: int = 0
    slowest: float = 0.0
    """Seconds of processor time."""

    early: int = 0
    """Peak of memory in KiB when the first inputs had been read, and everything was in place."""

    peak: int = 0
    """The same until now."""

    def write(self, path: Path) -> None:
        """Replace what stands at *path*."""
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Give what was written at *path*; nothing where the run ended before it wrote."""
        return cls(**json.loads(path.read_text())) if path.exists() else cls()
