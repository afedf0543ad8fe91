"""Inputs that are worth feeding again: what harnesses begin with, and what the fuzzer found."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.fuzz import parsers

CORPUS = Path(__file__).parent / "corpus"


def folder_of(parser: str) -> Path:
    """Give where the inputs that the fuzzer found are kept."""
    return CORPUS / parser


def inputs_of(parser: str) -> Iterator[tuple[str, bytes]]:
    """Give all inputs of *parser*, each with a name to find it by."""
    for number, data in enumerate(parsers.load(parser).seeds()):
        yield f"seed {number} of {parser}", data
    for path in sorted(folder_of(parser).glob("*")):
        yield str(path), path.read_bytes()


def write_inputs(inputs: Iterable[bytes], folder: Path) -> None:
    """Write each input to a file, named as libFuzzer names it."""
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs:
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)
