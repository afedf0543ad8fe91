"""The same inputs give the same record: again, in a world built anew, and in another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import event, given

from authz._proto.external_auth_pb2 import CheckRequest
from authz.server.decision_point import DecisionPoint
from tests.laws.checks import checks
from tests.laws.deciding import answer
from tests.laws.drafts import drafts
from tests.laws.effort import promised
from tests.laws.elsewhere import WORD, Elsewhere, comparable, record_of, running_elsewhere
from tests.laws.parties import Draft


@pytest.fixture(scope="module")
def elsewhere(home: Path) -> Iterator[Elsewhere]:
    """Give another process, with another hash seed."""
    with running_elsewhere(home) as found:
        yield found


@promised
@given(drafts)
def test_of_a_world_built_elsewhere(elsewhere: Elsewhere, draft: Draft) -> None:
    """A world that another process builds from the same declarations records the same."""
    here = answer(draft).record
    event(here["reason"])

    assert comparable(elsewhere.record_of(draft)) == comparable(here)


@promised
@given(checks())
def test_of_a_check_elsewhere(
    elsewhere: Elsewhere, decision_point: DecisionPoint, request: CheckRequest
) -> None:
    """Any Check is recorded by another process as by this one."""
    sent = request.SerializeToString()
    here = record_of(sent, decision_point)
    event(here["reason"])

    assert comparable(elsewhere.record_of(sent)) == comparable(here)


def test_elsewhere_hashes_otherwise(elsewhere: Elsewhere) -> None:
    """The other process has another hash seed, or the laws above would show nothing."""
    assert elsewhere.hash_of_a_word != hash(WORD)
