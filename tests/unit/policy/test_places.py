"""`policy.places`, `policy.syntax`: a remark is told at the words that it is about."""

from __future__ import annotations

import pytest

from authz.policy.narrow import MAX_SEARCHED
from authz.policy.places import diagnostic, find
from authz.policy.remarks import Phrase, Remark, annotation, attribute, entity, reading
from authz.policy.source import NotOnePolicy, read_source
from authz.policy.statements import Statement, split_statements
from authz.policy.syntax import syntax_mistake

SCOPE = "permit (principal, action, resource)"


def statement_of(text: str) -> Statement:
    """Give the one statement of a file that marks a place with `▲`, without the mark."""
    (statement,) = split_statements("f", text.replace("▲", ""))
    return statement


def place_in(text: str) -> str:
    """Give where the mark stands."""
    before = text.partition("▲")[0]
    return f"f:{before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}"


FOUND: tuple[tuple[str, tuple[Phrase, ...]], ...] = (
    (f"{SCOPE} when {{ principal.▲nope }};", attribute("nope")),
    (f"{SCOPE} when {{ principal has ▲nope }};", attribute("nope")),
    (f'{SCOPE} when {{ principal has ▲"nope" }};', attribute("nope")),
    (f'{SCOPE} when {{ principal[▲"nope"] }};', attribute("nope")),
    (f"{SCOPE} when {{ principal.b.nope || context.a . // c\n ▲nope }};", attribute("a", "nope")),
    (f"{SCOPE} when {{ context.a has ▲b }};", attribute("context", "a", "b")),
    (f"{SCOPE} when {{ context has a.▲b }};", attribute("context", "a", "b")),
    (f"{SCOPE} when {{ context has b && context.▲b }};", reading("b")),
    (f'// Agent::"x"\n  \t{SCOPE} when {{\n\t"Agent::x" in Agent::▲"x" }};', entity("Agent", "x")),
    (f'{SCOPE} when {{ Agent :: ▲"\\u{{78}}\\x78\\"\\\\\\n" }};', entity("Agent", 'xx"\\\n')),
    (f'@owner("@id") @▲id("a") {SCOPE};', annotation("id")),
    (f'@id("b")\n@id(▲"a") {SCOPE};', annotation("id", "a")),
    (f'@reason("日本") @▲scop("a") {SCOPE};', annotation("scop")),
)


@pytest.mark.parametrize(("text", "phrases"), FOUND)
def test_found(text: str, phrases: tuple[Phrase, ...]) -> None:
    """Words are found as tokens: not in comments or strings, and however strings are spelt."""
    found = [str(place) for place in find(statement_of(text), phrases)]

    assert found == [place_in(text)]


def test_first_of_what_is_wrong_everywhere() -> None:
    """What nothing has is told at the first place that names it."""
    text = f"{SCOPE} when {{ principal.▲nope || principal.nope }};"

    told = diagnostic(statement_of(text), Remark("m", about=attribute("nope")))

    assert str(told.position) == place_in(text)


def test_beginning_where_nobody_knows() -> None:
    """Of what is right in one place and wrong in another, no place is guessed."""
    text = (
        f"\n ▲{SCOPE} when {{ principal is Agent && principal.lifecycle || principal.lifecycle }};"
    )

    told = diagnostic(statement_of(text), Remark("m", perhaps=attribute("lifecycle")))

    assert str(told.position) == place_in(text)


SYNTAX: tuple[tuple[str, str], ...] = (
    (f"{SCOPE}▲ // the end\n\n", "semicolon"),
    (f'{SCOPE}\n▲@id("b") {SCOPE};', "semicolon"),
    (f"{SCOPE} permit ▲{SCOPE.removeprefix('permit ')};", "semicolon"),
    (f"{SCOPE} forbid ▲{SCOPE.removeprefix('permit ')};", "semicolon"),
    (f"{SCOPE} when ▲( true );", ""),
    ("permit (principal, action ▲resource) when { true };", ""),
    ("permit (principal, action, resource▲;", ""),
    (f"{SCOPE} when {{ if true then 1 ▲}} unless {{ true }};", ""),
    (f"{SCOPE} when {{\n\t[1, 2 ▲3] == 3 }} unless {{ 2 3 }};", ""),
    (f"{SCOPE} when {{ true }}▲}};", ""),
    (f"{SCOPE} when {{ 1 == ▲= 2 }};", "=="),
    (f"{SCOPE} when {{ true }} unless {{ [true && 1].isEmpty() || ▲1 = 2 && 3 }};", "=="),
    (f'{SCOPE} when {{ "a" == ▲"abc }};', ""),
    (f"{SCOPE} when {{ principal.▲ö }};", ""),
    (f"{SCOPE} ▲where {{ true }};", ""),
    ("▲prmit (principal, action, resource);", ""),
    (f"{SCOPE} when {{ ▲princpal.scopes }};", ""),
    (f"{SCOPE} when {{ resource.scopes.▲containsAl([]) }};", ""),
    (f"{SCOPE} when {{ principal.foo && ▲foo }};", ""),
    (f"{SCOPE} when {{ true && ▲(1 < 2 < 3) }};", ""),
    ("permit (principal == ?▲principal, action, resource);", ""),
)


@pytest.mark.parametrize(("text", "hint"), SYNTAX)
def test_syntax(text: str, hint: str) -> None:
    """The token that cannot stand is told, or the policy where only the engine knows it."""
    statement = statement_of(text)
    with pytest.raises(NotOnePolicy) as refused:
        read_source(statement, "")

    told = syntax_mistake(statement, str(refused.value), refused.value.hint)

    assert str(told.position) == place_in(text), told
    assert hint in told.hint
    assert bool(hint) == bool(told.hint)


def test_no_search_in_a_statement_without_end() -> None:
    """Of a statement of megabytes the beginning is told: each question would be a reading."""
    (statement,) = split_statements("f", f"{SCOPE} when {{ [{'1,' * MAX_SEARCHED} 2 3] }};")

    told = syntax_mistake(statement, "unexpected token `3`", "")

    assert told.position == statement.position
