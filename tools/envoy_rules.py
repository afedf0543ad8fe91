"""Writes the rules of the example Envoy that follow from the header table.

    python -m tools.envoy_rules [--check]

The blocks between the markers of `envoy/*.yaml` and of Istio's filters are made from
`authz.wire.headers`; with `--check` nothing is written, and the exit code says
whether something would have been.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from authz.identity.xfcc import HEADER as XFCC
from authz.wire.headers import STRIP_PREFIXES, envoy_allow_expression, stripped_names

ROOT = Path(__file__).parent.parent
FILES = ("envoy/*.yaml", "istio/modes/*/filters.yaml")
_BLOCK = re.compile(
    r"(?P<indent> *)# BEGIN (?P<name>\w+):.*\n(?P<body>(?:.*\n)*?) *# END (?P=name)\n"
)


def strip_lines() -> list[str]:
    """Give the mutations of the first filter."""
    prefixes = [f"- remove_on_match: {{key_matcher: {{prefix: {p}}}}}" for p in STRIP_PREFIXES]
    return [*prefixes, *(f"- remove: {name}" for name in stripped_names())]


def waypoint_strip_lines() -> list[str]:
    """Give the same for a waypoint, whose own word of who calls is in a header that it has set."""
    return [line for line in strip_lines() if line != f"- remove: {XFCC}"]


def allow_lines() -> list[str]:
    """Give the expression of the header changes that Envoy accepts from us."""
    return [f"regex: '{envoy_allow_expression()}'"]


BLOCKS = {
    "strip": strip_lines,
    "strip_at_waypoint": waypoint_strip_lines,
    "allow": allow_lines,
}


def generated(text: str) -> str:
    """Give *text* with every marked block made anew."""

    def block(match: re.Match[str]) -> str:
        first, *_, last = match.group().splitlines()
        lines = [match["indent"] + line for line in BLOCKS[match["name"]]()]
        return "\n".join([first, *lines, last]) + "\n"

    return _BLOCK.sub(block, text)


def main() -> int:
    """Write, or with `--check` compare."""
    stale = []
    for path in sorted(found for pattern in FILES for found in ROOT.glob(pattern)):
        text = path.read_text()
        if generated(text) == text:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv:
            path.write_text(generated(text))
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run `make envoy`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
