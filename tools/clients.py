"""Installs the MCP clients that are tried against the gate: `make clients`.

    python -m tools.clients

Two versions of `mcp` get environments of their own in `.clients` of the clone,
with exactly what `requirements/mcp-*.txt` pin; those of npm are the packages of
`tests/clients/drivers/package-lock.json`. What is there already stays as it is.
"""

from __future__ import annotations

import sys

from tests.clients.installed import ENVIRONMENTS, NODE, ROOT, Environment
from tools.node import CannotInstall, node_for, run


def main() -> int:
    """Install what is missing."""
    try:
        for environment in ENVIRONMENTS.values():
            if not environment.is_there:
                make(environment)
        node = node_for(NODE)
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the clients are installed; those of npm run on {node}")
    return 0


def make(environment: Environment) -> None:
    """
    Make *environment* anew.

    Raises:
        CannotInstall: uv ended with an error.
    """
    uv = [sys.executable, "-m", "uv"]
    run([*uv, "venv", "--clear", "--python", sys.executable, str(environment.folder)], ROOT)
    run(
        [*uv, "pip", "sync", "--require-hashes", "--python", str(environment.program),
         str(environment.requirements)],
        ROOT,
    )  # fmt: skip
    environment.done()


if __name__ == "__main__":
    sys.exit(main())
