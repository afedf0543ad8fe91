"""House rules that no linter knows: no module of the package is longer than 400 lines."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_LINES = 400
GENERATED = ROOT / "authz/_proto"


def too_long() -> list[str]:
    """Give the modules that are longer than `MAX_LINES`, with their lengths."""
    modules = (path for path in sorted(ROOT.glob("authz/**/*.py")) if GENERATED not in path.parents)
    lengths = ((path, len(path.read_text().splitlines())) for path in modules)
    return [f"{path.relative_to(ROOT)}: {n} lines" for path, n in lengths if n > MAX_LINES]


def main() -> int:
    """Print what breaks a rule; the exit code says whether anything does."""
    found = too_long()
    for line in found:
        print(f"{line}; at most {MAX_LINES}: one idea a file")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
