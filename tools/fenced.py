"""Runs every fenced shell command of Markdown files, so that what they promise holds.

    python3 -m tools.fenced README.md CONTRIBUTING.md docs/*.md

A block that is fenced as `sh` is one script, run from the root of the clone. A
page that begins with `ALONE` is one script as a whole, run in an empty folder
with `authz` in the `PATH`. The first that fails ends the run. Only the standard
library is used: a stranger's clone has nothing else yet.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALONE = "<!-- Run as one script, in an empty folder. -->\n"
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Script:
    """Commands that share a shell, and whether they want a folder with nothing in it."""

    text: str
    alone: bool = False


def scripts(page: str) -> Iterator[Script]:
    """Give the shell blocks of a Markdown text, in order; those of a page on its own as one."""
    blocks = [match[1] for match in _BLOCK.finditer(page)]
    if not page.startswith(ALONE):
        yield from map(Script, blocks)
    elif blocks:
        yield Script("\n".join(blocks), alone=True)


def run(script: Script, folder: Path, programs: Path | None = None) -> int:
    """Run one script in *folder*, with *programs* first in its `PATH`; give its exit code."""
    path = os.pathsep.join(str(each) for each in (programs, os.environ["PATH"]) if each)
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script.text],
        cwd=folder,
        env=os.environ | {"PATH": path},
        check=False,
    ).returncode


def _follow(script: Script) -> int:
    if not script.alone:
        return run(script, ROOT)
    with tempfile.TemporaryDirectory() as folder:
        return run(script, Path(folder), ROOT / ".venv/bin")


def main() -> int:
    """Run the scripts of all files; the exit code is the first that is not 0."""
    for name in sys.argv[1:]:
        for script in scripts((ROOT / name).read_text()):
            print(f"\n== {name}: {script.text.strip()}", flush=True)
            began = time.monotonic()
            code = _follow(script)
            print(
                f"== {name}: ended with {code} after {time.monotonic() - began:.0f} s", flush=True
            )
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
