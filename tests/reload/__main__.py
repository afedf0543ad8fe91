"""Change everything under a steady load for as long as it is told, and print the figures.

python -m tests.reload [SECONDS]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.reload.load import run


def main() -> int:
    """Run once; the exit code says whether any call went wrong."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        figures = run(Path(folder), seconds)
    print(figures)
    wrong = (figures.refused_good, figures.accepted_bad, figures.unverified)
    for each in filter(None, wrong):
        print(each[:10])
    return 1 if any(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
