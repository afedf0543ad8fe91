"""Strict JSON: what it accepts every other reader reads as the same value."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from authz.model.strict_json import AmbiguousJSON, NotJSON, read_json

TEXTS = ("a", "A", ":a", ":A", ",", '"', "ß", "ss", "\u212a", "k", "\0")
texts = st.one_of(st.text(max_size=6), st.sampled_from(TEXTS))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
PIECES = ('"a"', '"A"', "{", "}", "[", "]", ",", ":", "1", "-0", "1.0", "1e5", "null", " ", "NaN")
documents = st.one_of(
    values.map(json.dumps),
    values.map(lambda value: json.dumps(value, ensure_ascii=False, indent=1)),
    values.map(lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))),
    st.lists(st.sampled_from(PIECES), max_size=9).map("".join),
).map(str.encode)
spoiled = st.one_of(
    documents,
    st.binary(max_size=12),
    st.tuples(documents, st.integers(0, 40), st.binary(max_size=3)).map(
        lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
    ),
)


def typed(value: Any) -> Any:
    """Give *value* with its types, so that `1` and `true` are two things."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return type(value).__name__, value


def folded(value: Any) -> bool:
    """Say whether two names of an object, anywhere in *value*, differ in case only."""
    if isinstance(value, dict):
        names = {name.casefold() for name in value}
        return len(names) < len(value) or any(map(folded, value.values()))
    return isinstance(value, list) and any(map(folded, value))


def refusal_of(text: bytes) -> str | None:
    """Give the message of a refusal; None where *text* is accepted."""
    try:
        read_json(text)
    except (NotJSON, AmbiguousJSON) as refused:
        return str(refused)
    return None


@given(spoiled)
def test_accepted_means_the_same(text: bytes) -> None:
    """What is accepted is the value that Python's own reader gives, numbers exact."""
    refusal = refusal_of(text)
    event("accepted" if refusal is None else "refused")
    if refusal is not None:
        return

    assert typed(read_json(text)) == typed(json.loads(text.decode(), parse_float=Decimal))


@given(
    st.lists(st.tuples(texts, st.integers(0, 1)), min_size=1, max_size=3),
    st.sampled_from(("", " ")),
)
def test_no_name_stands_twice(members: list[tuple[str, int]], blank: str) -> None:
    """However the text is spelt, names that are equal or fold together are refused."""
    inside = f",{blank}".join(f"{json.dumps(name)}:{blank}{value}" for name, value in members)
    names = {name.casefold() for name, _ in members}
    event(f"blank: {blank!r}")

    is_refused = refusal_of(f"{{{inside}}}".encode()) is not None

    assert is_refused == (len(names) < len(members))


@given(values)
def test_plain_values_are_accepted(value: Any) -> None:
    """Whatever json writes is read again, unless two names fold together."""
    text = json.dumps(value).encode()

    if folded(value):
        event("folded")
        assert refusal_of(text) is not None
    else:
        assert typed(read_json(text)) == typed(json.loads(text, parse_float=Decimal))


@given(spoiled)
def test_refusals_are_the_two_documented_ones(text: bytes) -> None:
    """Any bytes are read or refused in words of ours; nothing else is raised."""
    refusal = refusal_of(text)

    assert refusal is None or (refusal.isascii() and refusal.isprintable())
