"""The tokens of `tokens.yaml`, each made from its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from authz.identity.keys import KeySet, read_key_set
from authz.model.instant import Instant
from tests.vectors.material import SPELLINGS, compact, public_jwk

FILE = yaml.safe_load((Path(__file__).parent / "tokens.yaml").read_text())
NOW = Instant(FILE["now"])
ROOM_FOR_THE_REST = 600
"""Characters of a token without padding, or a little more: padding grows from there."""


@dataclass(frozen=True)
class Vector:
    """One vector, resolved against the base token."""

    row: Mapping[str, Any]

    def __str__(self) -> str:
        return str(self.row["name"])

    @property
    def header(self) -> bytes:
        """The header's bytes."""
        members = _merged(FILE["base"]["header"], self.row.get("header", {}))
        text = f"{json.dumps(members)[:-1]}{self.row.get('header_end', '')}}}"
        return text.encode(self.row.get("header_encoding", "utf-8"))

    def payload(self, padding: int) -> bytes:
        """The payload's bytes; a claim of *padding* characters makes it longer."""
        if "payload" in self.row:
            return bytes(self.row["payload"], "utf-8")
        claims = _merged(FILE["base"]["claims"], self.row.get("claims", {}))
        padded = {**claims, "pad": "p" * padding} if padding else claims
        texts = {name: json.dumps(value, ensure_ascii=False) for name, value in padded.items()}
        members = (f"{json.dumps(n)}:{t}" for n, t in {**texts, **self.row.get("raw", {})}.items())
        text = f"{{{','.join(members)}{self.row.get('payload_end', '')}}}"
        encoding = self.row.get("payload_encoding", "utf-8")
        return f"{text}{self.row.get('payload_after', '')}".encode(encoding)

    @property
    def token(self) -> str:
        """The token in compact form, respelled as the vector says."""
        algorithm = str(json.loads(self.header)["alg"]) if self._has_plain_header else "ES256"
        spelled = SPELLINGS[self.row.get("spelling", "as it is")]
        key = self.row.get("key", FILE["base"]["key"])
        length = self.row.get("length", 0)
        padding = max(0, (length - ROOM_FOR_THE_REST) * 3 // 4)
        while len(token := compact(key, algorithm, self.header, self.payload(padding))) < length:
            padding += 1
        assert length in (0, len(token)), "base64 has no such length: change the header's"
        return spelled(token)

    @property
    def _has_plain_header(self) -> bool:
        members = _merged(FILE["base"]["header"], self.row.get("header", {}))
        return "alg" in members and "header_encoding" not in self.row

    @property
    def keys(self) -> KeySet:
        """The issuer's keys."""
        rows = FILE["key_sets"][self.row.get("keys", FILE["base"]["keys"])]
        documents = [
            {**public_jwk(row["key"]), **{n: v for n, v in row.items() if n != "key"}}
            for row in rows
        ]
        return read_key_set(json.dumps({"keys": documents}).encode())


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **over}
    return {name: _resolved(value) for name, value in merged.items() if value is not None}


def _resolved(value: Any) -> Any:
    if isinstance(value, str) and (value == "now" or value.startswith(("now+", "now-"))):
        return NOW + int(value[3:] or 0)
    if isinstance(value, dict) and "repeat" in value:
        return value["repeat"] * value["times"]
    if isinstance(value, dict) and "public" in value:
        return public_jwk(value["public"])
    return value


VECTORS = [Vector(row) for row in FILE["vectors"]]
