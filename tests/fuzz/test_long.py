"""Long inputs: what a parser does twice as often must not take four times as long.

The fuzzer tries short inputs, because it can try many of them. Here one word is
repeated; where every one costs as much as all before it, `feed` finds it too slow.
"""

from __future__ import annotations

from collections import deque

import pytest

from authz.policy.load import MAX_STATEMENTS
from authz.policy.statements import split_statements
from authz.sources.folder import MAX_FILE_BYTES
from tests.fuzz.limits import feed
from tests.fuzz.parsers import PARSERS, load

SIZE = 32 * 1024
WORDS = (b" ", b"a", b"\n", b";", b"/", b'"', b"\\", b"[", b"{", b"- a\n", b"a: 1\n", b"---\n")
HEADS = {
    "message": b"POST\ncontent-type: application/json\n\n",
    "directory": b"\6",
    "policies": b"\0",
}
"""What stands before the repeated word, so that it reaches the parser."""


@pytest.mark.parametrize("parser", PARSERS)
def test_long(parser: str) -> None:
    """Each word, as often as fits, is read or refused in the time that an input may take."""
    harness = load(parser)
    for seed in list(harness.seeds())[:1]:
        feed(harness.entry, seed)
    for word in WORDS:
        feed(harness.entry, HEADS.get(parser, b"") + word * (SIZE // len(word)))


def test_a_file_of_policies_as_long_as_may_be() -> None:
    """Where a statement stands is counted from the one before it, not from the beginning."""
    text = (b" " * (MAX_FILE_BYTES // MAX_STATEMENTS) + b";") * MAX_STATEMENTS

    feed(lambda data: deque(split_statements("f", data.decode()), 0).clear(), text)
