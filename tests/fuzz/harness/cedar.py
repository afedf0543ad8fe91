"""Cedar text to statements, and each to a policy behind its tier's guard."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from authz.policy.load import MAX_STATEMENTS
from authz.policy.source import NotOnePolicy, count_policies, read_source
from authz.policy.statements import Statement, split_statements
from authz.policy.syntax import syntax_mistake
from authz.policy.tiers import guard_of
from tests.broken.rows import WORLD, rows_of

TESTS = Path(__file__).parents[2]
FILE = "policies/ns/tools/x.cedar"
GUARD = guard_of(FILE, {"tools"}, ())
WORDS = (
    *(b"permit", b"forbid", b"(principal, action, resource)", b";", b"//", b"\r", b"\xe2\x80\xa8"),
    *(b"when {", b"unless {", b"}", b"@id(", b"@scope(", b"?principal", b"if true then 1 else 2"),
    *(b"&&", b"||", b"==", b" in ", b" is ", b" has ", b" like ", b'"*"', b"!", b"-", b"[", b"("),
    *(b"context.input", b"principal.lifecycle", b'Action::"x"', b'ip("1.1.1.1")', b".contains("),
    *(b"\\u{0}", b"\\*", b"\\x00", b"{a: 1}", b"9223372036854775808", b"__cedar", b'decimal("1.")'),
)


def entry(data: bytes) -> None:
    """What is accepted is one policy a statement, with a guard or without; nothing ends us."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    statements = [*islice(split_statements(FILE, text), MAX_STATEMENTS)]
    verdicts = [_is_one(statement) for statement in statements]
    if all(verdicts) and len(statements) < MAX_STATEMENTS:
        assert count_policies(text) == len(statements)


def _is_one(statement: Statement) -> bool:
    """Say whether *statement* is a policy: with every guard, or without one neither."""
    try:
        plain = read_source(statement, "")
    except NotOnePolicy as refused:
        _check_told(statement, refused)
        return False
    guarded = read_source(statement, GUARD)
    assert plain.written == guarded.written == statement.text
    assert plain.effect == guarded.effect
    assert plain.effect in {"permit", "forbid"}
    return True


def _check_told(statement: Statement, refused: NotOnePolicy) -> None:
    told = syntax_mistake(statement, str(refused), refused.hint)
    lines = statement.text.count("\n") + 1
    assert 0 <= told.position.line - statement.position.line < lines
    assert told.position.column >= 1


def texts() -> Iterator[bytes]:
    """Give every file of policies of the worlds, sound and broken."""
    yield from (text.encode() for name, text in WORLD.items() if name.endswith(".cedar"))
    yield from (path.read_bytes() for path in sorted((TESTS / "world").rglob("*.cedar")))
    for row in rows_of("policies.yaml"):
        if row.file.endswith(".cedar"):
            yield row.files()[row.file].encode()


def seeds() -> Iterator[bytes]:
    """Give each statement of these by itself, and some that are larger than may be."""
    for text in texts():
        for statement in split_statements(FILE, text.decode()):
            yield statement.text.encode()
    for opening, closing in ((b"(", b")"), (b"[", b"]"), (b"!", b""), (b"{a:", b"}")):
        inner = opening * 900 + b"true" + closing * 900
        yield b"permit (principal, action, resource) when { " + inner + b" };"
