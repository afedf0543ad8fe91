"""The process that validates a world: `python -m authz.sources.validating HOME MEGABYTES`.

It waits for a line on its standard input, reads the world, and answers with one
JSON object on standard output. At the end of its input it ends: whoever started
it is gone.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from authz.directory.diagnostics import Diagnostic, InvalidWorld
from authz.sources.declared import read_declared

MOST_CPU_SECONDS = 120

MOST_MISTAKES = 1000
"""That are told; who makes more mends these first."""


def main() -> None:
    """Validate once."""
    home, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever started it ends it sooner; this is for when he is gone.
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    if sys.stdin.readline():
        sys.stdout.write(json.dumps(answer(home)))


def answer(home: Path) -> dict[str, object]:
    """Say what was read, or what is wrong with it."""
    try:
        vetted = read_declared(home).vetted
    except InvalidWorld as error:
        return {"mistakes": [_told(row) for row in error.diagnostics[:MOST_MISTAKES]]}
    return {"mistakes": [], **asdict(vetted)}


def _told(row: Diagnostic) -> dict[str, object]:
    return {
        **asdict(row.position),
        "message": row.message,
        "hint": row.hint,
        "severity": str(row.severity),
    }


if __name__ == "__main__":
    main()
