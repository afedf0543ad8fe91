"""`model.strict_json`: one value, in one reading only."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from authz.model.strict_json import JSON, MAX_DEPTH, AmbiguousJSON, NotJSON, read_json

ACCEPTED: tuple[tuple[bytes, JSON], ...] = (
    (b"null", None),
    (b"true", True),
    (b"-0", 0),
    (b"9223372036854775808", 2**63),
    (b"1.10", Decimal("1.10")),
    (b"1e2", Decimal("1E+2")),
    (b"1e400", Decimal("1E+400")),
    (b'"\\u00e9"', "é"),
    (b'"\\ud83d\\ude00"', "😀"),
    ('"😀"'.encode(), "😀"),
    (b'" \x7f"', " \x7f"),
    (b" \t\r\n[1, 2]\n", [1, 2]),
    (b'{"a": {"b": []}, "c": {}}', {"a": {"b": []}, "c": {}}),
    (b'{"a": {"x": 1}, "b": {"X": 2}}', {"a": {"x": 1}, "b": {"X": 2}}),
    (b'{"": 1, " ": 2}', {"": 1, " ": 2}),
    ('{"é": 1, "e\u0301": 2}'.encode(), {"é": 1, "e\u0301": 2}),
)

NOT_JSON: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("white space", b" \n"),
    ("cut off", b'{"a": 1'),
    ("two values", b"{} {}"),
    ("two values on two lines", b"{}\n{}"),
    ("something behind the value", b'{"a": 1}x'),
    ("zero byte behind the value", b"{}\0"),
    ("vertical tab behind the value", b"{}\x0b"),
    ("no-break space behind the value", "{}\u00a0".encode()),
    ("byte order mark", b"\xef\xbb\xbf{}"),
    ("UTF-16", '{"a": 1}'.encode("utf-16-le")),
    ("UTF-16 with a mark", '{"a": 1}'.encode("utf-16")),
    ("UTF-32", '{"a": 1}'.encode("utf-32")),
    ("no UTF-8", b'"\xff"'),
    ("overlong UTF-8", b'"\xc0\xaf"'),
    ("a surrogate in UTF-8", b'"\xed\xa0\x80"'),
    ("NaN", b"NaN"),
    ("NaN inside", b'{"a": [NaN]}'),
    ("Infinity", b"Infinity"),
    ("-Infinity", b'{"a": -Infinity}'),
    ("an exponent that nobody has", b"1e99999999999999999999"),
    ("more digits than Python reads", b"9" * 5000),
    ("leading zero", b"01"),
    ("plus sign", b"+1"),
    ("no digit before the point", b".5"),
    ("no digit behind the point", b"1."),
    ("hexadecimal", b"0x10"),
    ("Arabic digit", "\u0661".encode()),
    ("single quotes", b"{'a': 1}"),
    ("name without quotes", b"{a: 1}"),
    ("comma at the end", b'{"a": 1,}'),
    ("comment", b'{"a": 1 /* b */}'),
    ("control character in a string", b'"a\nb"'),
    ("zero byte in a string", b'"a\0b"'),
    ("unknown escape", b'"\\x41"'),
    ("short escape", b'"\\u41"'),
    ("True", b"True"),
)

AMBIGUOUS: tuple[tuple[str, bytes], ...] = (
    ("twice", b'{"a": 1, "a": 1}'),
    ("twice, one escaped", b'{"a": 1, "\\u0061": 2}'),
    ("twice, inside", b'{"x": [{"a": 1, "a": 2}]}'),
    ("empty name twice", b'{"": 1, "": 2}'),
    ("another case", b'{"name": 1, "Name": 2}'),
    ("another case, inside", b'{"x": {"name": 1, "NAME": 2}}'),
    ("another case, behind a mark", b'{"a": "v", ":k": 1, ":K": 2}'),
    ("another case, behind many", b'{"a": ["{", "}", ","], ",\\":k": 1, ",\\":K": 2}'),
    ("another case, of a mark's", b'{"x":"y","\\":":1,":a":2,":A":3}'),
    ("Kelvin sign", '{"k": 1, "\u212a": 2}'.encode()),
    ("long s", '{"s": 1, "\u017f": 2}'.encode()),
    ("sharp s and ss", '{"stra\u00dfe": 1, "strasse": 2}'.encode()),
    ("capital sharp s", '{"\u1e9e": 1, "\u00df": 2}'.encode()),
    ("final sigma", '{"\u03c3": 1, "\u03c2": 2}'.encode()),
    ("ligature and letters", '{"\ufb01": 1, "fi": 2}'.encode()),
    ("Angstrom sign", '{"\u212b": 1, "\u00e5": 2}'.encode()),
    ("lone high surrogate", b'"\\ud800"'),
    ("lone low surrogate", b'"\\udc00"'),
    ("surrogates the wrong way round", b'"\\ude00\\ud83d"'),
    ("high surrogate before a letter", b'"\\ud83dx"'),
    ("surrogate in capitals", b'"\\uD800"'),
    ("lone surrogate in a name", b'{"\\ud800": 1}'),
    ("lone surrogate deep inside", b'{"a": [[{"b": "\\udfff"}]]}'),
)


def squeezed(text: bytes) -> bytes:
    """Give *text* as most clients write it, without blanks behind its marks."""
    return text.replace(b": ", b":").replace(b", ", b",")


@pytest.mark.parametrize(("text", "value"), ACCEPTED, ids=repr)
def test_accepted(text: bytes, value: JSON) -> None:
    """JSON that has one reading comes out as that value, its numbers exact."""
    assert read_json(text) == value
    assert read_json(squeezed(text)) == value


@pytest.mark.parametrize("text", [text for _, text in NOT_JSON], ids=[row for row, _ in NOT_JSON])
def test_not_json(text: bytes) -> None:
    """What is no single JSON value in UTF-8 is refused, whatever other parsers make of it."""
    with pytest.raises(NotJSON):
        read_json(text)


@pytest.mark.parametrize("text", [text for _, text in AMBIGUOUS], ids=[row for row, _ in AMBIGUOUS])
def test_ambiguous(text: bytes) -> None:
    """JSON that two readers could take for two values is refused as such."""
    with pytest.raises(AmbiguousJSON):
        read_json(text)
    with pytest.raises(AmbiguousJSON):
        read_json(squeezed(text))


@pytest.mark.parametrize("text", [b"[1, 1.0, 1e0, true, 0.1]", b"[1,1.0,1.0,true,0.1]"], ids=str)
def test_numbers_keep_their_kind(text: bytes) -> None:
    """A whole number is an int, every other a Decimal, and no float comes out."""
    value = read_json(text)

    assert isinstance(value, list)
    assert [type(each) for each in value] == [int, Decimal, Decimal, bool, Decimal]
    assert value[4] == Decimal("0.1")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_is_bounded(opening: str) -> None:
    """Exactly `MAX_DEPTH` levels are read, and one more is not."""
    closing = {"[": "]", '{"a":': "}"}[opening]

    def nested(levels: int) -> bytes:
        return (opening * (levels - 1) + "1" + closing * (levels - 1)).encode()

    assert read_json(nested(MAX_DEPTH)) is not None
    with pytest.raises(NotJSON, match="deep"):
        read_json(nested(MAX_DEPTH + 1))


def test_any_depth_is_a_refusal() -> None:
    """A body of brackets alone is refused and ends nothing."""
    with pytest.raises(NotJSON):
        read_json(b"[" * 200_000)


def test_messages_quote_nothing() -> None:
    """No message of the reader holds what the caller wrote."""
    for text in (
        b'{"secret": 1, "secret": 2}',
        b'{"secret": NaN}',
        b'{"secret"',
        b'"secret\\ud800"',
    ):
        with pytest.raises((NotJSON, AmbiguousJSON)) as refused:
            read_json(text)
        assert "secret" not in str(refused.value)


def test_large_flat_body_is_read() -> None:
    """The bound is on depth, not on breadth."""
    value = list(range(20_000))

    assert read_json(json.dumps(value).encode()) == value
