"""One parser under libFuzzer: `python -m tests.fuzz.child PROGRAM NOTES PARSER …`.

What is imported before `instrument_imports` is not instrumented, so nothing of
the package may be. libFuzzer ends the process, so what has to be told of it is
noted in a file on the way.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import cast

import atheris

from tests.fuzz import parsers
from tests.fuzz.limits import feed
from tests.fuzz.notes import Notes
from tests.fuzz.parsers import Mutating

INSTRUMENTED = ["authz", "jwt"]
EVERY = 1 << 12
"""Inputs between two notes."""

EARLY = 1 << 16
"""Inputs after which a parser has what it needs: more memory later would be a leak."""

WORTH_A_NOTE = 0.01
"""Seconds."""


def main() -> None:
    """Fuzz until libFuzzer has enough; *PROGRAM* is how it runs this again, to merge corpora."""
    program, notes_file, name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        harness = parsers.load(name)
    notes, path = Notes(), Path(notes_file)

    def entry(data: bytes) -> None:
        notes.inputs += 1
        spent = feed(harness.entry, data)
        is_slower = spent > notes.slowest
        notes.slowest = max(spent, notes.slowest)
        if notes.inputs % EVERY == 0 or (is_slower and spent > WORTH_A_NOTE):
            notes.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if notes.inputs <= EARLY:
                notes.early = notes.peak
            notes.write(path)

    options = {}
    if hasattr(harness, "mutated"):
        options["custom_mutator"] = _mutator(cast(Mutating, harness))
    atheris.Setup([program, *arguments], entry, **options)
    atheris.Fuzz()


def _mutator(harness: Mutating) -> Callable[[bytes, int, int], bytes]:
    def mutator(data: bytes, longest: int, seed: int) -> bytes:
        def change(part: bytes) -> bytes:
            return bytes(atheris.Mutate(part, max(len(part) + 64, 2 * len(part))))

        return harness.mutated(data, change, Random(seed))[:longest]

    return mutator


if __name__ == "__main__":
    main()
