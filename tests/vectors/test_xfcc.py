"""Every header of `xfcc.yaml`, and that a header which is written by the grammar is read back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from authz.identity.workload import Absent, Rejected
from authz.identity.xfcc import KEYS, NotXfcc, parse_xfcc, read_xfcc
from authz.model.spiffe import SpiffeId

FILE = yaml.safe_load((Path(__file__).parent / "xfcc.yaml").read_text())
NAMES = {
    "{W}": "spiffe://example.org/ns/tools/sa/waypoint",
    "{A}": "spiffe://example.org/ns/research/sa/agent",
    "{B}": "spiffe://example.org/ns/finance/sa/other",
}
WAYPOINT = SpiffeId.parse(NAMES["{W}"])
MANY = 60


def filled(text: str) -> str:
    """Write the identities that names in braces stand for."""
    for name, identity in NAMES.items():
        text = text.replace(name, identity)
    return text


def _read(header: str | None) -> tuple[str, str]:
    match read_xfcc(header, WAYPOINT, {"example.org"}):
        case Absent(why):
            return "nobody", why
        case Rejected(why):
            return "rejected", why
        case workload:
            return str(workload), ""


@pytest.mark.parametrize("row", FILE["headers"], ids=lambda row: row["why"])
def test_header(row: Mapping[str, Any]) -> None:
    """A header is one proxy's word for one identity, nobody's word, or no good at all."""
    became, why = _read(filled(row["header"]) * row.get("times", 1))

    assert became == filled(row["becomes"]), why
    assert row.get("says", "") in why
    assert NAMES["{B}"] not in why


def test_enough_headers() -> None:
    """There are as many as there were, and no reason stands for another."""
    assert len(FILE["headers"]) >= MANY
    assert _read(None)[0] == "nobody"


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
plain = st.text(st.sampled_from("abzAZ019:/.-_ @%+".replace(" ", "")), max_size=20)
spelt = st.sampled_from(sorted(KEYS)).flatmap(
    lambda key: st.tuples(*(st.sampled_from((c, c.upper())) for c in key)).map("".join)
)


@st.composite
def elements(draw: st.DrawFn) -> list[dict[str, tuple[str, bool]]]:
    """Draw elements: by key as it is spelt, a value and whether it stands in quotes."""
    found: list[dict[str, tuple[str, bool]]] = []
    for _ in range(draw(st.integers(1, 3))):
        keys = draw(st.lists(spelt, min_size=1, unique_by=str.lower))
        quoted = {key: draw(st.booleans()) for key in keys}
        found.append({k: (draw(printable if q else plain), q) for k, q in quoted.items()})
    return found


def _written(value: str, *, quoted: bool) -> str:
    return '"' + value.replace('"', '\\"') + '"' if quoted else value


@given(elements())
def test_what_is_written_is_read_back(rows: list[dict[str, tuple[str, bool]]]) -> None:
    """Every key and value comes back, or the header has backslashes that could be misread."""
    text = ",".join(
        ";".join(f"{key}={_written(value, quoted=quoted)}" for key, (value, quoted) in row.items())
        for row in rows
    )
    values = [value for row in rows for value, _ in row.values()]
    if any("\\\\" in value or '\\"' in value or value.endswith("\\") for value in values):
        with pytest.raises(NotXfcc):
            parse_xfcc(text)
        return

    assert parse_xfcc(text) == tuple(
        {key.lower(): value for key, (value, _) in row.items()} for row in rows
    )


pieces = st.lists(
    st.sampled_from([*NAMES.values(), "By=", "URI=", "uri=", "Subject=", *',;="\\- x', '\\"']),
    max_size=14,
).map("".join)


@given(st.one_of(pieces, st.text(max_size=60)))
@example(filled("By={W};URI={A},"))
def test_only_one_way_in(text: str) -> None:
    """Nothing raises, and an identity comes of nothing but one element of the declared proxy."""
    became, _ = _read(text)

    if became not in {"nobody", "rejected"}:
        (element,) = parse_xfcc(text)
        assert (element["by"], element["uri"]) == (str(WAYPOINT), became)
        unquoted = text.replace('"', "")
        assert unquoted.lower().count("uri=") == unquoted.lower().count("by=") == 1 or (
            "subject=" in text.lower()
        )
