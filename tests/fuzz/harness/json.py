"""Strict JSON, held against the reader of the standard library in both directions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from authz.model.strict_json import MAX_DEPTH, AmbiguousJSON, NotJSON, read_json
from tests.support.cases import all_cases

CAPTURES = Path(__file__).parents[2] / "captures"
WORDS = (
    *(b'"a":', b'"A":', b'"\xc5\xbf":', b'"s":', b"\\ud800", b"\\udc00", b"\\u0061", b"NaN"),
    *(b"Infinity", b"-0", b"1e400", b"1E-400", b"null", b"true", b"false", b"[[", b'{"', b"\xef"),
)


class Doubtful(Exception):
    """There is a reason to refuse: another reader might refuse, or read something else."""


def entry(data: bytes) -> None:
    """What is accepted means the same to everybody; what is refused has a reason."""
    try:
        value = read_json(data)
    except (NotJSON, AmbiguousJSON) as refused:
        assert str(refused).isascii()
        assert is_doubtful(data), f"refused without a reason: {refused}"
        return
    assert typed(value) == typed(json.loads(data.decode(), parse_float=Decimal))
    assert not is_doubtful(data), "accepted, although two readers could differ"


def typed(value: Any) -> Any:
    """Give *value* with its types, so that `1` and `true` are two things."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return type(value).__name__, value


def is_doubtful(data: bytes) -> bool:
    """Say whether there is a reason to refuse *data*, in words of this module's own."""
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_members, parse_constant=_no, parse_float=Decimal
        )
        return _depth(value) > MAX_DEPTH or not _is_unicode(value)
    except (Doubtful, ValueError, ArithmeticError, RecursionError):
        return True


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: list[str] = []
    for name, _ in pairs:
        if name.casefold() in seen:
            raise Doubtful
        seen.append(name.casefold())
    return dict(pairs)


def _no(name: str) -> NoReturn:
    raise Doubtful(name)


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values()]
    return value if isinstance(value, list) else []


def _depth(value: Any) -> int:
    return 1 + max(map(_depth, _inner(value)), default=0)


def _is_unicode(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True


def seeds() -> Iterator[bytes]:
    """Give the bodies of all cases, deep and odd values, and Checks of real Envoys."""
    yield from {case.body for case in all_cases()}
    for path in sorted(CAPTURES.glob("*.json")):
        yield path.read_bytes()
    yield b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    yield b"[" * 5000
    yield b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    yield b'[0, -0.0, 1e5, 0.10, 123456789012345678901234567890, "\\ud83d\\ude00", "\\u0000"]'
