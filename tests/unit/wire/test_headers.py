"""`wire.headers`: the one table, and what follows from it."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from authz.model.headers import OURS
from authz.wire.headers import (
    HEADERS,
    STRIP_PREFIXES,
    envoy_allow_expression,
    has_odd_spelling,
    header_value,
    identity_headers,
    mixed_spellings,
    removals,
    stripped_names,
)

SET = {
    "authorization",
    "txn-token",
    "x-workload-spiffe-id",
    "x-narrowgate-agent",
    "x-narrowgate-user",
    "x-narrowgate-decision",
}

REMOVED = {
    "api-key",
    "proxy-authorization",
    "x-api-key",
    "x-goog-api-key",
    "x-forwarded-client-cert",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
}
"""Credentials, keys of providers, and second ways to say what is asked."""

VALUES: tuple[tuple[str, str], ...] = (
    ("corp/alice", "corp/alice"),
    ("spiffe://example.org/ns/a/sa/b", "spiffe://example.org/ns/a/sa/b"),
    ("a b", "a%20b"),
    ("a%20b", "a%2520b"),
    ("a\r\nb", "a%0D%0Ab"),
    ("é", "%C3%A9"),
    ("~!#$&'()*+,;=:@[]\"<>\\^`{|}", "~!#$&'()*+,;=:@[]\"<>\\^`{|}"),
    ("", ""),
)


def test_the_table() -> None:
    """What is set is exactly what the contract names, what is removed at least that."""
    assert set(OURS) == SET
    assert set(HEADERS) - set(OURS) >= REMOVED
    assert len(set(HEADERS)) == len(HEADERS)
    assert all(name == name.lower() for name in HEADERS)


@pytest.mark.parametrize(("text", "value"), VALUES, ids=repr)
def test_value(text: str, value: str) -> None:
    """A value is visible ASCII, and means one text only."""
    assert header_value(text) == value
    assert unquote(value) == text


def test_who_is_not_there_has_no_header() -> None:
    """Without a user there is no user's header, not an empty one."""
    with_user = dict(identity_headers("w", "a", "corp/u"))
    without = dict(identity_headers("w", "a", None))

    assert with_user.pop("x-narrowgate-user") == "corp/u"
    assert with_user == without


@pytest.mark.parametrize("names", [set(), {"authorization"}, SET])
def test_removals(names: set[str]) -> None:
    """What is set is never removed, everything else of the table is."""
    removed = set(removals(frozenset(names), frozenset()))

    assert removed.isdisjoint(names)
    assert removed | names >= set(HEADERS)


@pytest.mark.parametrize("mark", "!#$%&'*+.^`|~")
@pytest.mark.parametrize("name", HEADERS)
def test_odd_spellings(name: str, mark: str) -> None:
    """A name of the table with another mark in it is told from other names, whole or in part."""
    is_odd = "-" in name
    assert has_odd_spelling({"accept", name.replace("-", mark)}) is is_odd
    assert has_odd_spelling({"accept", name.replace("-", mark, 1)}) is is_odd
    assert has_odd_spelling({"accept", name.replace("-", "_").replace("_", mark, 1)}) is is_odd
    assert not has_odd_spelling({name, name.replace("-", "_"), f"{name}{mark}x", f"x{mark}y"})


def test_mixed_spellings_are_removed() -> None:
    """A spelling that mixes dashes and underscores goes as well, where a caller sends it."""
    sent = ("x-narrowgate_user", "x_workload-spiffe_id", "x_other", "x-narrowgate-user")
    removed = removals(frozenset(SET), mixed_spellings(sent))

    assert removed[-2:] == ("x-narrowgate_user", "x_workload-spiffe_id")
    assert "x_other" not in removed
    assert "x-narrowgate-user" not in removed


def test_expression_covers_every_removal() -> None:
    """Envoy accepts all that an allow removes: it would answer 500 to one that it does not."""
    expression = re.compile(envoy_allow_expression())
    sent = ("x-narrowgate_user", "x_workload-spiffe_id", "x-forwarded_client-cert", "txn_token")

    for names in (frozenset[str](), frozenset(SET)):
        removed = removals(names, mixed_spellings(sent))

        assert set(sent) <= set(removed)
        assert [name for name in removed if not expression.search(name)] == []


@pytest.mark.parametrize(
    "name", ["x-other", "content-length", "host", "x-narrowgate-users", "xauthorization", "cookie"]
)
def test_expression_covers_no_more(name: str) -> None:
    """Envoy accepts no change of a header that the table does not name."""
    expression = re.compile(envoy_allow_expression())

    assert not expression.search(name)
    assert not expression.search("authorization\n" + name)


def test_first_filter_strips_what_could_be_forged() -> None:
    """Every identity header is stripped by name or prefix; the credential passes to the gate."""
    stripped = stripped_names()

    for name in HEADERS:
        covered = name in stripped or name.startswith(STRIP_PREFIXES)
        assert covered == (name != "authorization"), name
        assert not (name in stripped and name.startswith(STRIP_PREFIXES)), name
    for name in ("x-envoy-retry-on", "x-narrowgate-later", "x-workload-later"):
        assert name.startswith(STRIP_PREFIXES), name
