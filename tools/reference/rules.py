"""The rules of mistakes, as `--format github` and `--format sarif` name them."""

from __future__ import annotations

from authz.directory.rules import HELP
from tools.reference.described import table

HEAD = """\
# Rules

What a world can break, by the names that `--format github` and `--format sarif` give it
([policies in CI](../policy-ci.md)). A name stays what it is in every version.
"""


def page() -> str:
    """Give the page."""
    rows = ((f"`{rule}`", f"{title}.", text) for rule, (title, text) in HELP.items())
    return f"{HEAD}\n{table(('rule', 'asks', 'what to know'), rows)}\n"
