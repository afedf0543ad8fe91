"""Every token of `tokens.yaml` through the two doors of `identity.access_token`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from authz.identity.access_token import (
    Expectations,
    TokenRejected,
    UnverifiedToken,
    take_apart,
    verify_access_token,
)
from tests.vectors.tokens import FILE, NOW, VECTORS, Vector

EXPECTED = Expectations(FILE["issuer"], set(FILE["audiences"]), set(FILE["algorithms"]))

REJECTIONS: Mapping[str, str] = {message: name for name, message in FILE["rejections"].items()}


def _outcome(vector: Vector) -> str:
    try:
        verify_access_token(take_apart(vector.token), vector.keys, EXPECTED, NOW)
    except TokenRejected as rejected:
        return REJECTIONS.get(str(rejected), str(rejected))
    return "good"


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_token(vector: Vector) -> None:
    """A token is believed, or rejected by exactly the check that its vector names."""
    assert _outcome(vector) == vector.row["expect"], vector.row["why"]


def test_names_are_told_apart() -> None:
    """No two vectors have one name, so that none hides another."""
    names = [str(vector) for vector in VECTORS]

    assert len(names) == len(set(names))


def test_every_rejection_has_a_vector() -> None:
    """Each way to be rejected is shown by a token, but for what the alphabet already excludes."""
    shown = {vector.row["expect"] for vector in VECTORS}

    assert set(FILE["rejections"]) - shown == {"no base64url"}


def test_claims_of_a_good_token() -> None:
    """What was proven comes out as it was said, its end in whole seconds."""
    vector = Vector({"name": "read", "raw": {"exp": f"{NOW + 5}.75"}})

    proven = verify_access_token(take_apart(vector.token), vector.keys, EXPECTED, NOW)

    assert (proven.issuer, proven.subject) == (FILE["issuer"], "alice")
    assert proven.audiences == {"https://gate.example.org"}
    assert proven.expires == NOW + 5
    assert proven.members["jti"] == "j-1"


@pytest.mark.parametrize("issuer", [None, 1, ["https://idp.example.com"], {}], ids=str)
def test_issuer_that_is_no_text(issuer: Any) -> None:
    """An `iss` of another type selects no row of any table."""
    assert UnverifiedToken({}, {"iss": issuer}, b"", b"", b"").issuer == ""
