"""Runs every fenced shell command of Markdown files, so that what they promise holds.

    python -m tools.fenced README.md CONTRIBUTING.md docs/*.md

A block that is fenced as `sh` is one script, run from the root of the clone;
the first that fails ends the run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def scripts(text: str) -> Iterator[str]:
    """Give the shell blocks of a Markdown text, in order."""
    yield from (match[1] for match in _BLOCK.finditer(text))


def main() -> int:
    """Run the blocks of all files; the exit code is the first that is not 0."""
    for name in sys.argv[1:]:
        for script in scripts(Path(name).read_text()):
            print(f"\n== {name}: {script.strip()}", flush=True)
            done = subprocess.run(
                ["/bin/bash", "-euo", "pipefail", "-c", script], cwd=ROOT, check=False
            )
            if done.returncode:
                print(f"== {name}: ended with {done.returncode}")
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
