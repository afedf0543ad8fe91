"""A file of policies of a world, through every check that loads it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from authz.directory.compiled import Directory
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.directory.load import load_directory
from authz.policy.load import load_policies
from tests.fuzz.harness.cedar import WORDS as CEDAR_WORDS
from tests.fuzz.harness.cedar import texts
from tests.unit.directory.changes import sound

FILES = ("policies/global/x.cedar", "policies/ns/tools/x.cedar")
WORDS = (
    *CEDAR_WORDS,
    *(b'@id("a") @scope("docs:read") ', b"@reason(", b"@stepUp(", b"@consent(", b"@approval("),
    *(b'Group::"corp/researchers"', b'Agent::"research/a"', b'"tools/call:tools/docs/search"'),
    *(b'Action::"do:read"', b'Lifecycle::"active"', b"context.session", b"context.hour", b"Tool"),
)


@cache
def _directory() -> Directory:
    return load_directory(sound())[0]


def entry(data: bytes) -> None:
    """The first byte says which tier the rest is of; it loads, or is told with its place."""
    if not data:
        return
    file = FILES[data[0] % len(FILES)]
    try:
        policies, warnings = load_policies({file: data[1:]}, _directory())
    except InvalidWorld as refused:
        assert any(each.severity is Severity.ERROR for each in refused.diagnostics)
        assert all(each.message and each.position.line >= 1 for each in refused.diagnostics)
        return
    assert all(each.severity is Severity.WARNING for each in warnings)
    for policy in policies.by_engine_id.values():
        assert policy.ref.file == file


def seeds() -> Iterator[bytes]:
    """Give every file of policies, in each tier."""
    for text in texts():
        yield from (bytes([number]) + text for number in range(len(FILES)))
