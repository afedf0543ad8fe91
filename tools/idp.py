"""Installs the OpenID provider that the demo and the tests can log users in with.

    python -m tools.idp

Its packages are those of `examples/idp/package-lock.json`; Node, where the system
has none that will do, goes into `.idp` of the clone. When everything is there
already, nothing is run and nothing fetched.
"""

from __future__ import annotations

import sys

from examples.idp.installation import INSTALLATION
from tools.node import CannotInstall, node_for


def main() -> int:
    """Install what is missing, and say which Node runs it."""
    try:
        node = node_for(INSTALLATION)
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    print(f"the OpenID provider is installed; it runs on {node}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
