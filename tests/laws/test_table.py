"""The page on laws lists every law that is tried hard, with its file, and no other."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "laws.md"


def test_every_promised_law_is_listed() -> None:
    """A new promised law needs a row, and a row needs its law."""
    laws = {
        (name, path.name)
        for path in HERE.glob("test_*.py")
        for name in re.findall(r"^@promised\n(?:@.*\n)+def (\w+)", path.read_text(), re.MULTILINE)
    }
    rows = re.findall(r"^\| `(\w+)` \|.*?\| `(\w+\.py)` \|", PAGE.read_text(), re.MULTILINE)

    assert len(laws) > 0
    assert set(rows) == laws
    assert len(rows) == len(laws)
