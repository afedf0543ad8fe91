"""Every certificate of `certificates.yaml`, and that no bytes at all do more than be rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from authz.identity.certificate import Leaf as Proven
from authz.identity.certificate import read_certificate
from authz.identity.workload import Absent, Rejected
from authz.model.instant import Instant
from tests.support.keys import private_pem
from tests.support.leaves import AGENT, Leaf, as_envoy_sends, pem_of, thumbprint_of

FILE = yaml.safe_load((Path(__file__).parent / "certificates.yaml").read_text())
NOW = Instant(1_780_000_000)
MANY = 35
V3 = b"\xa0\x03\x02\x01\x02"
KEY_USAGE, BASIC_CONSTRAINTS = b"\x06\x03\x55\x1d\x0f", b"\x06\x03\x55\x1d\x13"
URI, X400 = b"\x86", b"\xa3"
"""Tags of a subject alternative name (RFC 5280 section 4.2.1.6)."""

NAMED = bytes([len(AGENT)]) + AGENT.encode()
GOOD = Leaf().der(NOW)


def _with_negative_serial(der: bytes) -> bytes:
    changed = bytearray(der)
    changed[der.index(V3) + len(V3) + 2] |= 0x80
    return bytes(changed)


EDITS: Mapping[str, Callable[[bytes], str]] = {
    "empty": lambda _: "",
    "dash": lambda _: "-",
    "crlf": lambda der: quote(pem_of(der).replace(b"\n", b"\r\n"), safe=""),
    "twice": lambda der: as_envoy_sends(der) * 2,
    "key": lambda der: quote(pem_of(der) + private_pem("leaf"), safe=""),
    "before": lambda der: quote(b"x\n" + pem_of(der), safe=""),
    "behind": lambda der: quote(pem_of(der) + b"x", safe=""),
    "garbage": lambda _: "garbage",
    "kind": lambda der: as_envoy_sends(der).replace("CERTIFICATE", "PUBLIC%20KEY"),
    "plain": lambda der: pem_of(der).decode(),
    "percent": lambda der: as_envoy_sends(der).replace("%20", "%zz"),
    "padding": lambda der: as_envoy_sends(der).replace("MII", "M%3D%3D%3DII", 1),
    "cut": lambda der: as_envoy_sends(der[:-9]),
    "version": lambda der: as_envoy_sends(der.replace(V3, b"\xa0\x03\x02\x01\x07", 1)),
    "repeated": lambda der: as_envoy_sends(der.replace(KEY_USAGE, BASIC_CONSTRAINTS)),
    "x400": lambda der: as_envoy_sends(der.replace(URI + NAMED, X400 + NAMED)),
    "serial": lambda der: as_envoy_sends(_with_negative_serial(der)),
    "trailing": lambda der: as_envoy_sends(der + b"\0"),
    "bytes": lambda _: as_envoy_sends(b"x" * 300),
    "long": lambda der: as_envoy_sends(der) + "%0A" * 11_000,
}


def _read(text: str) -> tuple[str, str]:
    match read_certificate(text, {"example.org"}, NOW):
        case Absent(why):
            return "nobody", why
        case Rejected(why):
            return "rejected", why
        case Proven(workload):
            return str(workload), ""


@pytest.mark.parametrize("row", FILE["certificates"], ids=lambda row: row["why"])
def test_certificate(row: Mapping[str, Any]) -> None:
    """A certificate proves one workload, nobody, or is no good for it."""
    der = Leaf(**row.get("leaf", {})).der(NOW)
    became, why = _read(EDITS[row["edit"]](der) if "edit" in row else as_envoy_sends(der))

    assert became == {"agent": AGENT}.get(row["becomes"], row["becomes"]), why
    assert row.get("says", "") in why


def test_enough_certificates() -> None:
    """There are as many as there were, and each edit is one of them."""
    assert len(FILE["certificates"]) >= MANY
    assert {row["edit"] for row in FILE["certificates"] if "edit" in row} == EDITS.keys()


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_serial_number_that_is_none() -> None:
    """A number that RFC 5280 (4.1.2.2) forbids is refused, whether warnings are errors or not."""
    der = _with_negative_serial(GOOD)

    assert _read(as_envoy_sends(der)) == ("rejected", "its serial number is not positive")


def test_it_can_be_found_again() -> None:
    """The hash is that of the very certificate, as RFC 8705 writes it."""
    der = Leaf().der(NOW)
    found = read_certificate(as_envoy_sends(der), {"example.org"}, NOW)

    assert isinstance(found, Proven)
    assert found.thumbprint == thumbprint_of(der)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=400).map(as_envoy_sends)))
def test_any_text(text: str) -> None:
    """Nothing raises, and nothing of it proves anybody."""
    assert _read(text)[0] in {"nobody", "rejected"}


changes = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4)


@given(changes)
def test_a_certificate_with_other_bytes(changed: list[tuple[int, int]]) -> None:
    """Whatever bytes of a good certificate are others, nothing raises."""
    der = bytearray(GOOD)
    for place, byte in changed:
        der[place % len(der)] = byte

    assert isinstance(_read(as_envoy_sends(bytes(der))), tuple)
