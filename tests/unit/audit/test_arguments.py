"""`audit.arguments`: calls of the same names and types share rows, and no others do."""

from __future__ import annotations

import tracemalloc
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from authz.audit.arguments import MAX_KEPT, MAX_KEPT_ARGUMENTS, MAX_KEPT_NAMES, rows_of
from authz.model.strict_json import JSON

MAX_TAKEN = 16 * 1024 * 1024

TYPES = {
    str: "string",
    int: "integer",
    bool: "boolean",
    Decimal: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}

names = st.sampled_from(["a", "b", "A"])
values: st.SearchStrategy[JSON] = st.sampled_from(
    ["", "1", 0, 1, True, False, Decimal("1.0"), None]
)
empty: st.SearchStrategy[JSON] = st.builds(list) | st.builds(dict)


@given(st.lists(st.dictionaries(names, values | empty), max_size=8))
def test_rows_say_what_this_call_brings_whatever_others_brought(
    calls: list[dict[str, JSON]],
) -> None:
    """`True == 1 == 1.0`, and all three hash alike: a key made of values would mix them up."""
    for arguments in calls:
        expected = {f"/{name}": {"type": TYPES[type(each)]} for name, each in arguments.items()}
        assert rows_of(arguments, frozenset()) == expected


@given(st.lists(st.dictionaries(names, values), max_size=8))
def test_a_value_that_is_opened_is_never_that_of_another_call(
    calls: list[dict[str, JSON]],
) -> None:
    for arguments in calls:
        rows_of(arguments, frozenset())
        shown = rows_of(arguments, frozenset({"/a"}))
        for name, each in arguments.items():
            row: dict[str, object] = {"type": TYPES[type(each)]}
            if name == "a":
                row["value"] = str(each) if isinstance(each, Decimal) else each
            assert shown[f"/{name}"] == row


def test_rows_of_long_names_are_not_kept() -> None:
    short, long = {"n" * MAX_KEPT_NAMES: "x"}, {"n" * (MAX_KEPT_NAMES + 1): "x"}
    assert rows_of(short, frozenset()) is rows_of(short, frozenset())
    assert rows_of(long, frozenset()) is not rows_of(long, frozenset())


def test_rows_of_many_arguments_are_not_kept() -> None:
    """They take room by the row: 256 names of one character would take 45 KB a call."""
    few = {f"a{n}": n for n in range(MAX_KEPT_ARGUMENTS)}
    many = {**few, "b": 0}
    assert rows_of(few, frozenset()) is rows_of(few, frozenset())
    assert rows_of(many, frozenset()) is not rows_of(many, frozenset())


def test_what_strangers_make_it_keep_is_small() -> None:
    """Whoever is refused is recorded too, so anybody can have all places of the memo taken."""
    tracemalloc.start()
    try:
        for call in range(2 * MAX_KEPT):
            rows_of({chr(0x10000 + 64 * call + n): n for n in range(64)}, frozenset())
            rows_of({chr(0x10000 + 16 * call + n) * 16: n for n in range(16)}, frozenset())
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < MAX_TAKEN
