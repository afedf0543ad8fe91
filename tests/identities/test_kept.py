"""What is kept of who asks ends with what proved it, and so does a token that was minted by it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from authz.identity.access_token import MAX_LEAN
from authz.model.instant import Instant
from authz.server.decision_point import DecisionPoint
from tests.identities.world import NOW, Asked, ask, every_listener, server_of
from tests.support.leaves import Leaf
from tests.support.values import replace
from tests.support.worlds import prepare_home

LAST = NOW + Leaf().ends
"""The last second of every certificate of these tests."""

BY_CERTIFICATE: Mapping[str, Any] = {
    "listener": "certificate",
    "certificate": "{RESEARCH}",
    "session": True,
    "token": None,
}
ITSELF = {"client_id": "research-agent", "sub": "research-agent"}
OF_A_CLIENT: Mapping[str, Any] = {"listener": "client", "session": True}
SOON = 5


@pytest.fixture
def server(decision_point: DecisionPoint, tmp_path: Path) -> DecisionPoint:
    """A gate with a listener of every kind, which nobody has asked yet."""
    return server_of(every_listener(prepare_home(tmp_path)), decision_point)


def ask_at(moment: int, server: DecisionPoint, row: Mapping[str, Any]) -> Asked:
    """Ask at another time."""
    return ask(replace(server, clock=lambda: Instant(moment)), row)


def test_a_certificate_ends(server: DecisionPoint) -> None:
    """It counts to its last second, and not one longer, though it was just accepted."""
    for _ in range(2):
        assert ask_at(LAST, server, BY_CERTIFICATE).record["reason"] == "allow"
    assert server.world.clearances.hits == 1

    assert ask_at(LAST + 1, server, BY_CERTIFICATE).record["reason"] == "workload_untrusted"


def test_a_token_ends_with_the_certificate(server: DecisionPoint) -> None:
    """A token that names the workload lives no longer than what proved it; a kept one neither."""
    earlier = ask_at(LAST - 50, server, BY_CERTIFICATE).record["token"]
    again = ask_at(LAST - 30, server, BY_CERTIFICATE).record["token"]

    assert earlier["exp"] == again["exp"] == LAST + 1


def test_a_token_ends_with_the_clients_own(server: DecisionPoint) -> None:
    """Nor does one of a client that asks for itself, without any user."""
    row = {**OF_A_CLIENT, "token": {"claims": {**ITSELF, "exp": NOW + SOON}}}

    assert ask(server, row).record["token"]["exp"] == NOW + SOON


@pytest.mark.parametrize(("values", "kept"), [(1, 1), (MAX_LEAN, 0)], ids=["few", "many"])
def test_a_token_of_many_values_is_not_held_on_to(
    values: int, kept: int, server: DecisionPoint
) -> None:
    """What a client proved itself by is kept with it, so it may not take much room."""
    row = {**OF_A_CLIENT, "token": {"claims": {**ITSELF, "much": [[]] * values}}}

    assert ask(server, row).record["reason"] == "allow"
    assert len(server.world.clearances) == kept
