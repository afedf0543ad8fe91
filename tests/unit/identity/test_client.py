"""`identity.client`: one short printable text, said in one way or twice the same."""

from __future__ import annotations

import pytest

from authz.identity.access_token import ProvenClaims, TokenRejected
from authz.identity.client import MAX_CLIENT, client_of
from authz.model.instant import Instant
from authz.model.strict_json import JSON

LONGEST = "c" * MAX_CLIENT


def claims(**members: JSON) -> ProvenClaims:
    """Give proven claims with *members*."""
    return ProvenClaims("https://idp.test", "alice", frozenset(), Instant(1), members)


@pytest.mark.parametrize(
    ("members", "client"),
    [
        ({"client_id": "agent"}, "agent"),
        ({"azp": "agent"}, "agent"),
        ({"client_id": "agent", "azp": "agent"}, "agent"),
        ({"client_id": "c"}, "c"),
        ({"client_id": LONGEST}, LONGEST),
    ],
)
def test_client(members: dict[str, JSON], client: str) -> None:
    """Either claim names the client."""
    assert client_of(claims(**members)) == client


@pytest.mark.parametrize(
    "client", ["", LONGEST + "c", "agent\n", "agent\u200b", 5, None, ["agent"]], ids=repr
)
def test_no_client(client: JSON) -> None:
    """What is empty, long, not to be printed or no text names nobody."""
    with pytest.raises(TokenRejected, match="client id"):
        client_of(claims(client_id=client))


@pytest.mark.parametrize("members", [{}, {"client_id": "agent", "azp": "other"}], ids=repr)
def test_none_or_two(members: dict[str, JSON]) -> None:
    """Who is said twice differently is not said."""
    with pytest.raises(TokenRejected, match="no client, or two"):
        client_of(claims(**members))
