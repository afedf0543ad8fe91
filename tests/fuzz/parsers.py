"""The parsers by name, and how one is loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from random import Random
from typing import Protocol, cast

PARSERS = (
    "spiffe",
    "xfcc",
    "certificate",
    "json",
    "message",
    "token",
    "claims",
    "keys",
    "introspection",
    "check",
    "yaml",
    "directory",
    "cedar",
    "policies",
    "decision",
)
"""From bytes that anybody may send to files that an operator writes; last, everything together."""


Change = Callable[[bytes], bytes]
"""What the fuzzer does to some bytes."""


class Harness(Protocol):
    """What a module of `harness/` has."""

    WORDS: tuple[bytes, ...]

    def entry(self, data: bytes) -> None:
        """Feed the parser; anything that is raised is a finding."""

    def seeds(self) -> Iterable[bytes]:
        """Give inputs to begin with."""


class Mutating(Harness, Protocol):
    """One that says how its inputs are changed, where few changes of bytes leave them readable."""

    def mutated(self, data: bytes, change: Change, chance: Random) -> bytes:
        """Give *data* with *change* made to a part that *chance* takes."""


def load(name: str) -> Harness:
    """Import the harness of that name, and what it feeds."""
    if name not in PARSERS:
        raise SystemExit(f"no parser {name}; there are {', '.join(PARSERS)}")
    return cast(Harness, import_module(f"tests.fuzz.harness.{name}"))
