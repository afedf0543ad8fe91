"""`python -m bench`: see `bench/own/command.py`."""

import sys

from bench.own.command import main

if __name__ == "__main__":
    sys.exit(main())
