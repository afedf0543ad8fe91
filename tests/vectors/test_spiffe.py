"""Every SPIFFE ID and principal of `spiffe.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from authz.identity.workload import Absent, Rejected, read_principal
from authz.model.spiffe import NotSpiffe, SpiffeId

FILE = yaml.safe_load((Path(__file__).parent / "spiffe.yaml").read_text())


def _text(row: Mapping[str, Any]) -> str:
    text = f"{row['id']}{'d' * row.get('domain', 0)}{row.get('rest', '')}"
    return text.ljust(row.get("fill", 0), "a")


@pytest.mark.parametrize("row", FILE["accepted"], ids=_text)
def test_accepted(row: Mapping[str, Any]) -> None:
    """A strict ID is read, and written again as it was."""
    text = _text(row)

    workload = SpiffeId.parse(text)

    assert str(workload) == text, row["why"]
    assert workload.authority == f"spiffe://{workload.trust_domain}"
    assert workload.trust_domain == row.get("trust_domain", workload.trust_domain)
    assert workload.path == row.get("path", workload.path)


@pytest.mark.parametrize("row", FILE["refused"], ids=_text)
def test_refused(row: Mapping[str, Any]) -> None:
    """Whatever breaks a rule is no ID, and the message names the rule without quoting the text."""
    text = _text(row)

    with pytest.raises(NotSpiffe, match=row["says"]) as refused:
        SpiffeId.parse(text)

    assert len(text) < 2 or text not in str(refused.value), row["why"]


def test_lone_surrogate_is_refused() -> None:
    """Text that has no UTF-8 is refused, and does not raise anything else."""
    with pytest.raises(NotSpiffe):
        SpiffeId.parse("spiffe://example.org/\ud800")


def test_compared_whole() -> None:
    """Two IDs are one only where every character is the same, the path's case included."""
    texts = [_text(row) for row in FILE["accepted"]]

    assert len({SpiffeId.parse(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("row", FILE["principals"], ids=lambda row: row["principal"] or "empty")
def test_principal(row: Mapping[str, Any]) -> None:
    """A TLS principal is a declared workload, nobody, or a proof that is not good."""
    match read_principal(row["principal"], {"example.org"}):
        case Absent():
            became = "nobody"
        case Rejected():
            became = "rejected"
        case SpiffeId() as workload:
            became = str(workload)

    assert became == row["becomes"], row["why"]


def test_no_trust_domain_declared_believes_nobody() -> None:
    """Without a declared trust domain no ID is believed."""
    assert isinstance(read_principal("spiffe://example.org/a", frozenset()), Rejected)
