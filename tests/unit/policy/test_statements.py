"""`policy.statements`: the engine sees as many policies as we do, and each at its place."""

from __future__ import annotations

import json

import pytest
from cedarpy import policies_to_json_str

import authz.policy.syntax
from authz.directory.diagnostics import Position
from authz.policy.source import NotOnePolicy, read_source
from authz.policy.statements import MAX_NESTED, MAX_OPERATORS, Statement, split_statements
from authz.policy.syntax import syntax_mistake

P = "permit (principal, action, resource);"
F = "forbid (principal, action, resource);"


def statements(text: str) -> list[Statement]:
    """Split *text*."""
    return [*split_statements("policies/global/x.cedar", text)]


def engine_count(text: str) -> int:
    """Give the number of policies that the engine reads in *text*."""
    found = json.loads(policies_to_json_str(text))
    return len(found["staticPolicies"]) + len(found["templates"])


TEXTS: tuple[tuple[str, int], ...] = (
    ("", 0),
    (" \n\t", 0),
    ("// only a comment", 0),
    (f"// {P}", 0),
    (P, 1),
    (P + F, 2),
    (f"{P}\n{F}\n", 2),
    (f"{P} // {F}\n", 1),
    (f"{P} // {F}\r", 1),
    (f"// hidden by a carriage return?\r{P}", 1),
    (f"{P}// c\r{F}", 2),
    (f"{P}// c\r\n{F}", 2),
    (f"{P}// c\x0b{F}", 1),
    (f"{P}// c\x0c{F}", 1),
    (f"{P}// c\x85{F}", 1),
    (f"{P}// c\u2028{F}", 1),
    (f"{P}// c\x00{F}", 1),
    (f"{P}\x0b{F}", 2),
    (f"{P}\u2028{F}", 2),
    (f'@id("a;b") {P}', 1),
    (f'@id("a\\"; {F} //") {P}', 1),
    (f'@id("\\\\") {P}{F}', 2),
    (f'@id("a\nb; // c") {P}', 1),
    (f'@id("// no comment") {P}', 1),
    (f'permit (principal, action, resource) when {{ "//" == ";" }}; {F}', 2),
    ('permit (principal, action, resource) when { "a\\";" like "*;*" };', 1),
    (f'@id("{P}") {F}', 1),
    (f"permit // a\n(principal, // b\r action, resource); {F}", 2),
)


@pytest.mark.parametrize(("text", "count"), TEXTS, ids=repr)
def test_count_is_the_engines(text: str, count: int) -> None:
    """Comments and strings, however they end, hide no policy and make none up."""
    assert len(statements(text)) == count
    assert engine_count(text) == count


@pytest.mark.parametrize("text", [row[0] for row in TEXTS], ids=repr)
def test_each_statement_is_one_policy(text: str) -> None:
    """What is split off is read by the engine as exactly one policy."""
    for statement in statements(text):
        assert engine_count(statement.text) == 1
        assert read_source(statement, "").effect in {"permit", "forbid"}


NOT_ONE = (
    ";",
    f"{P};",
    P[:-1],
    f"{P} permit",
    f'{P} "',
    "/* a; */",
    "permit (principal, action, resource) when { 'a' == 1 };",
    f"\ufeff{P}",
    f"{P}\x00",
    *(f"{P}{separator}" for separator in "\x1c\x1d\x1e\x1f"),
    "@a @a permit (principal, action, resource);",
    "allow (principal, action, resource);",
    'permit (principal == User::"a" || principal == User::"b", action, resource);',
)


@pytest.mark.parametrize("text", NOT_ONE, ids=repr)
def test_what_is_no_policy(text: str) -> None:
    """Text that the engine does not take is a statement still, and reading it says so."""
    *_, last = statements(text)

    with pytest.raises(NotOnePolicy):
        read_source(last, "")


@pytest.mark.parametrize("separator", ["", " ", "\n", ";"])
def test_two_policies_in_one_statement(separator: str) -> None:
    """A statement that holds two policies is refused, however they are joined."""
    joined = Statement(P[:-1] + separator + F, Position("x.cedar"), operators=0)

    with pytest.raises(NotOnePolicy):
        read_source(joined, "")


@pytest.mark.parametrize("slot", ["principal == ?principal", "principal in ?principal"])
def test_template(slot: str) -> None:
    """A template is refused: nothing here would ever link it."""
    (statement,) = statements(f"permit ({slot}, action, resource);")

    with pytest.raises(NotOnePolicy, match="template"):
        read_source(statement, "")


PLACES: tuple[tuple[str, list[str]], ...] = (
    (f"{P}\n  {F}", ["1:1", "2:3"]),
    (f'\n\n// c\n@id("a")\n{P}', ["4:1"]),
    (f"{P}{F}", ["1:1", f"1:{len(P) + 1}"]),
    (f"// é\n/{P}", ["2:1"]),
    (f"{P}\r\n{F}", ["1:1", "2:1"]),
    (f'@id("a\nb") {P}\n{F}', ["1:1", "3:1"]),
)


@pytest.mark.parametrize(("text", "places"), PLACES, ids=repr)
def test_places(text: str, places: list[str]) -> None:
    """A statement stands where its first token does, comments before it aside."""
    found = [str(statement.position) for statement in statements(text)]

    assert found == [f"policies/global/x.cedar:{place}" for place in places]


def condition(text: str) -> str:
    """Write a policy with *text* as its condition."""
    return f"permit (principal, action, resource) when {{ {text} }};"


MANY = 20_000
GIANTS: dict[str, str] = {
    "additions": condition("1 + " * MANY + "1 == 1"),
    "negations": condition("!" * MANY + "true"),
    "minus signs": condition("- " * MANY + "1 == 1"),
    "parentheses": condition("(" * MANY + "true" + ")" * MANY),
    "sets": condition("[" * MANY + "]" * MANY),
    "records": condition("{a: " * MANY + "1" + "}" * MANY),
    "dots": condition("principal" + ".a" * MANY),
    "has": condition("principal has a" + ".a" * MANY),
    "ands": condition("true" + " && true" * MANY),
    "ors": condition("true" + " || true" * MANY),
    "ifs": condition("if true then true else " * MANY + "true"),
    "comparisons": condition("1 < " * MANY + "1"),
    "calls": condition("ip(" * MANY + '"a"' + ")" * MANY),
    "clauses": "permit (principal, action, resource) " + "when { true } " * MANY + ";",
    "annotations": '@a("b") ' * MANY + P,
    "brackets alone": "(" * MANY,
    "braces without an end": condition("{" * MANY),
}


@pytest.mark.parametrize("text", GIANTS.values(), ids=list(GIANTS))
def test_giants_are_refused_by_counting(text: str) -> None:
    """A policy that would end the engine's stack is refused by counting, before any parser."""
    for statement in statements(text):
        assert statement.operators > MAX_OPERATORS
        with pytest.raises(NotOnePolicy, match="split it"):
            read_source(statement, "")


@pytest.mark.parametrize("levels", [MAX_NESTED, MAX_OPERATORS])
def test_a_giant_is_told_without_the_engine(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is the engine asked where a mistake in it stands: its search begins with nearly all."""
    (statement,) = statements(condition("(" * levels + "true" + ")" * levels))
    with pytest.raises(NotOnePolicy, match="split it") as refused:
        read_source(statement, "")
    monkeypatch.setattr(authz.policy.syntax, "policies_to_json_str", None)

    told = syntax_mistake(statement, str(refused.value), refused.value.hint)

    assert told.position == statement.position


@pytest.mark.parametrize("opening", ["(", "[", "{a: ", "ip("])
def test_nesting_is_bounded_by_itself(opening: str) -> None:
    """Fewer brackets than the bound on operators end the engine, where all are nested."""
    closing = {"[": "]", "{a: ": "}"}.get(opening, ")")
    (deepest,), (deeper,) = (
        statements(condition(opening * levels + "true" + closing * levels))
        for levels in (MAX_NESTED - 1, MAX_NESTED)
    )

    assert deeper.operators <= MAX_OPERATORS
    assert (deepest.is_too_large, deeper.is_too_large) == (False, True)
    with pytest.raises(NotOnePolicy, match="nested deeper than 300; split it"):
        read_source(deeper, "")


def test_nesting_is_of_one_statement() -> None:
    """What stands side by side, or in another statement, is not nested; a surplus counts not."""
    text = condition(")" * 400 + "[" + "(1), " * 400 + "1] == []")

    assert [each.nested for each in statements(text * 2)] == [2, 2]


def test_large_and_flat_is_read() -> None:
    """The bound is on depth: long lists, names and texts are no danger and are read."""
    listed = ", ".join(f'Action::"{number}"' for number in range(2000))
    texts = (
        f"permit (principal, action in [{listed}], resource);",
        condition(f'"{"a" * 100_000}" == "b"'),
        f'permit (principal == {"A::" * 500}B::"x", action, resource);',
    )

    for text in texts:
        (statement,) = statements(text)
        assert engine_count(read_source(statement, "").text) == 1


DEEP: tuple[tuple[str, bool], ...] = (
    ("(" * 290 + "true" + ")" * 290, True),
    ("1 + " * 40 + "1 == 1", True),
    ("1 + " * 590 + "1 == 1", False),
    ("!" * 4 + "true", True),
    ("!" * 590 + "true", False),
    ("true" + " && true" * 40, True),
    ("if true then true else " * 590 + "true", False),
    ("[" * 590 + "]" * 590, False),
)


@pytest.mark.parametrize(("text", "is_read"), DEEP, ids=[text[:9] for text, _ in DEEP])
def test_below_the_bound(text: str, is_read: bool) -> None:  # noqa: FBT001 - data
    """Up to the bound nothing ends the process: it is a policy, or refused in words."""
    (statement,) = statements(condition(text))

    if is_read:
        assert engine_count(read_source(statement, "").text) == 1
    else:
        with pytest.raises(NotOnePolicy):
            read_source(statement, "")
