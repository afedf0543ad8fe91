"""Follows README, CONTRIBUTING and docs as a stranger would: a fresh clone, a bare environment.

    python -m tools.walkthrough [PAGE ...]

What is committed is cloned into an empty folder, and every command of the pages
is run there in the order in which they stand (`tools.fenced`), by the Python of
the system. Of the environment only `KEPT` goes along: where programs are, and
how the package clients are set up. The first command that fails ends it. Pages
that are named are followed alone, after `make install`: the README's first command
installs by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md")

KEPT = ("HOME", "PATH", "LANG", "TERM", "TMPDIR", "CI")
KEPT_PREFIXES = ("PIP_", "UV_", "NPM_CONFIG_", "GOPROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
KEPT_ROOTS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
"""By which authorities the package clients know a registry."""


def bare(variables: Mapping[str, str]) -> dict[str, str]:
    """Give what of *variables* a stranger's shell would have as well, without this `.venv`."""
    kept = {
        name: value
        for name, value in variables.items()
        if name in (*KEPT, *KEPT_ROOTS) or name.upper().startswith(KEPT_PREFIXES)
    }
    folders = kept.get("PATH", os.defpath).split(os.pathsep)
    ours = str(ROOT / ".venv")
    kept["PATH"] = os.pathsep.join(each for each in folders if not each.startswith(ours))
    return kept


def clone(folder: Path) -> Path:
    """Clone what is committed into *folder*; give the clone."""
    there = folder / "narrowgate"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, there], check=True)
    return there


def pages(there: Path, wanted: list[str]) -> list[str]:
    """Give the names of the pages to follow: those *wanted*, or all, docs in their order."""
    patterns = wanted or PAGES
    found = [page for pattern in patterns for page in sorted(there.glob(pattern))]
    return [page.relative_to(there).as_posix() for page in found]


def main() -> int:
    """Clone and follow; the exit code is that of the first command that fails."""
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    if changed:
        print("what is not committed is not tried")
    with tempfile.TemporaryDirectory(prefix="narrowgate-") as folder:
        there = clone(Path(folder))
        wanted = sys.argv[1:]
        if wanted:
            subprocess.run(
                ["make", "--silent", "install"], cwd=there, env=bare(os.environ), check=True
            )
        command = ["python3", "-m", "tools.fenced", *pages(there, wanted)]
        return subprocess.run(command, cwd=there, env=bare(os.environ), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
