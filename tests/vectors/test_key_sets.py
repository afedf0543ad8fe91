"""Every set of `key_sets.yaml` through `identity.keys`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from authz.identity.keys import MAX_KEYS, InvalidKeySet, read_key_set
from tests.vectors.material import private_jwk, public_jwk, signature

SETS = yaml.safe_load((Path(__file__).parent / "key_sets.yaml").read_text())
ACCEPTED = [row for row in SETS if "expect" in row]
REFUSED = [row for row in SETS if "refused" in row]


def text_of(row: Mapping[str, Any]) -> bytes:
    """Write the set of a row."""
    if "text" in row:
        return bytes(row["text"], "utf-8")
    keys = [key for each in row["keys"] for key in _keys(each)]
    return json.dumps({**row.get("set", {}), "keys": keys}).encode()


def _keys(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    made = {"of": public_jwk, "private": private_jwk}
    if "plain" in row:
        yield row["plain"]
        return
    (kind,) = made.keys() & row.keys()
    over = {name: value for name, value in row.items() if name not in {kind, "times"}}
    key = {**made[kind](row[kind]), **over}
    whole = {name: _resolved(value) for name, value in key.items() if value is not None}
    yield from [whole] * row.get("times", 1)


def _resolved(value: Any) -> Any:
    return value["repeat"] * value["times"] if isinstance(value, dict) else value


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row["name"])
def test_accepted(row: Mapping[str, Any]) -> None:
    """What can verify a token is kept, everything else is left out."""
    keys = read_key_set(text_of(row))

    assert [[key.key_id, key.algorithm] for key in keys.keys] == row["expect"], row["why"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["name"])
def test_refused(row: Mapping[str, Any]) -> None:
    """A set that somebody must look at is refused as a whole, and says why."""
    with pytest.raises(InvalidKeySet, match=row["refused"]):
        read_key_set(text_of(row))


def test_as_many_as_may_be() -> None:
    """The bound itself is still allowed."""
    row = {"keys": [{"of": "corp-1", "kid": "a", "times": MAX_KEYS}]}

    assert len(read_key_set(text_of(row)).keys) == MAX_KEYS


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("corp-1", "ES256"), ("p384:x", "ES384"), ("ed:x", "EdDSA"), ("rsa:x", "PS256")],
)
def test_each_kind_verifies(name: str, algorithm: str) -> None:
    """A key of each kind verifies what it signed, and nothing else."""
    row = {"keys": [{"of": name, "kid": "a", "alg": algorithm}]}
    (key,) = read_key_set(text_of(row)).keys
    good = signature(name, algorithm, b"signed")

    assert key.verifies(b"signed", good)
    assert not key.verifies(b"other", good)
    for odd in (b"", b"\0", good[:-1], good + b"\0", bytes(len(good)), b"\xff" * len(good)):
        assert not key.verifies(b"signed", odd)
