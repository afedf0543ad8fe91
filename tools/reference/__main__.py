"""Writes `docs/reference/` from the code.

    python -m tools.reference [--check]

With `--check` nothing is written, and the exit code says whether a page is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.reference import commands, kinds, metrics, reasons, rules

FOLDER = Path(__file__).parents[2] / "docs/reference"
NOTE = "<!-- Written by `make reference`. -->\n"
PAGES: Mapping[str, Callable[[], str]] = {
    "kinds.md": kinds.page,
    "reasons.md": reasons.page,
    "commands.md": commands.page,
    "metrics.md": metrics.page,
    "rules.md": rules.page,
}


def stale(folder: Path) -> Mapping[str, str]:
    """Give the pages that *folder* does not have as they would be written now."""
    pages = {name: NOTE + page() for name, page in PAGES.items()}
    return {name: text for name, text in pages.items() if _read(folder / name) != text}


def _read(page: Path) -> str:
    return page.read_text() if page.exists() else ""


def main() -> int:
    """Write, or with `--check` compare."""
    found = stale(FOLDER)
    if "--check" not in sys.argv:
        FOLDER.mkdir(exist_ok=True)
        for name, text in found.items():
            (FOLDER / name).write_text(text)
        return 0
    if found:
        print(f"stale: {', '.join(found)}; run `make reference`")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
