"""A memo gives what was kept, forgets what nobody asks for, and never holds more than its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from authz.model.memo import Memo


@given(st.lists(st.integers(0, 40), max_size=300), st.integers(1, 8))
def test_it_gives_what_was_kept_and_stays_within_its_bound(keys: list[int], bound: int) -> None:
    memo: Memo[int, str] = Memo("test", bound)
    for key in keys:
        assert memo.find(key) in (None, f"value {key}")
        memo.keep(key, f"value {key}")
        assert memo.find(key) == f"value {key}"
        assert len(memo) <= 2 * bound


def test_what_is_asked_for_outlives_what_is_not() -> None:
    memo: Memo[str, str] = Memo("test", 2)
    memo.keep("asked", "kept")
    for number in range(100):
        memo.keep(f"other {number}", "dropped")
        assert memo.find("asked") == "kept"
    assert memo.find("other 3") is None


def test_it_counts_what_it_knew_and_what_it_did_not() -> None:
    memo: Memo[str, str] = Memo("test", 2)
    memo.find("a")
    memo.keep("a", "kept")
    memo.find("a")
    memo.find("a")
    memo.find("b")
    assert (memo.hits, memo.misses) == (2, 2)
