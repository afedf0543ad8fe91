"""The process that validates a world: `python -m authz.sources.validating HOME MEGABYTES`.

It waits for a line on its standard input, reads the world, and answers with lines
of JSON on standard output (`verdicts`). At the end of its input it ends: whoever started
it is gone.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from authz.directory.diagnostics import InvalidWorld
from authz.sources.declared import read_declared
from authz.sources.verdicts import mistakes_text, vetted_text

MOST_CPU_SECONDS = 120


def main() -> None:
    """Validate once."""
    home, megabytes = Path(sys.argv[1]), int(sys.argv[2])
    limit = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever started it ends it sooner; this is for when he is gone.
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    if sys.stdin.readline():
        sys.stdout.buffer.write(answer(home))


def answer(home: Path) -> bytes:
    """Say what was read, or what is wrong with it."""
    try:
        return vetted_text(read_declared(home).vetted)
    except InvalidWorld as error:
        return mistakes_text(error.diagnostics)


if __name__ == "__main__":
    main()
