"""`policy.load`: files to policies, or every mistake with its file and line."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld
from authz.directory.load import load_directory
from authz.policy.load import load_policies, load_validated
from tests.unit.directory.changes import sound

DIRECTORY: Directory = load_directory(sound())[0]
G = "policies/global/a.cedar"


def mistakes_in(files: dict[str, str]) -> tuple[Diagnostic, ...]:
    """Give the mistakes that keep *files* from loading."""
    with pytest.raises(InvalidWorld) as invalid:
        load_policies({name: text.encode() for name, text in files.items()}, DIRECTORY)
    return invalid.value.diagnostics


def policy(name: str, condition: str = "", scope: str = "principal, action, resource") -> str:
    """Write a permit."""
    when = f" when {{ {condition} }}" if condition else ""
    return f'@id("{name}") permit ({scope}){when};\n'


def test_no_policies() -> None:
    """A world without policies loads, and holds nothing that could permit."""
    assert load_policies({}, DIRECTORY)[0].by_engine_id == {}
    files = {G: b"// nothing yet\n", "policies/README.md": b"\xff"}
    assert load_policies(files, DIRECTORY)[0].by_engine_id == {}


def test_loaded() -> None:
    """Each policy is known by its id, with its place and what its annotations mean."""
    text = policy("a") + '\n@id("b") @step_up("mfa")\nforbid (principal, action, resource);\n'

    found = load_policies({G: text.encode()}, DIRECTORY)[0].by_engine_id

    assert [str(each.ref) for each in found.values()] == [f"a ({G}:1)", f"b ({G}:3)"]
    assert found["policy1"].notes.step_up == "mfa"


MISTAKES: tuple[tuple[str, str, str, str], ...] = (
    (G, "permit (principal, action, resource);", "1:1", "the policy has no @id"),
    (G, policy("a") + policy("a"), "2:5", '@id("a") stands twice'),
    (G, policy("a") + "\n\nnonsense;", "4:9", "not a policy: unexpected token"),
    (G, policy("a")[:-2], "1:46", "not a policy: unexpected end of input"),
    (G, policy("a", scope="principal == ?principal, action, resource"), "1:32", "template"),
    (G, policy("ok") + policy("a", "!" * 700 + "true"), "2:1", "split it"),
    (G, policy("ok") + policy("a", "principal.nope"), "2:64", "policy a: "),
    (G, "// c\n" + policy("a", "context.nope == 1"), "2:62", "policy a: "),
    (
        G,
        policy("a", scope='principal, action == Action::"tools/nope", resource'),
        "1:47",
        "policy a",
    ),
    (
        G,
        policy("a", scope='principal, action == Action::"tools/call", resource'),
        "1:47",
        "policy a",
    ),
    (G, policy("a", scope='principal == Usr::"x", action, resource'), "1:35", "policy a: "),
    (G, policy("a", "principal.scopes == 5"), "1:54", "policy a: "),
    (G, policy("a", '"a" + 1 == 2'), "1:54", "policy a: "),
    (G, policy("a", "unknownFunction(1)"), "1:54", "not a policy: "),
    ("policies/Global/a.cedar", policy("a"), "1:1", "policies load from no such folder"),
    ("policies/ns/tool/a.cedar", policy("a"), "1:1", "there is no namespace tool"),
    ("policies/agents/research/a.cedar", policy("a"), "1:1", "policies load from no such folder"),
    ("policies/global/a.txt", policy("a"), "1:1", "a file of this kind is not read"),
    ("policies/global/a.cedar.bak", policy("a"), "1:1", "a file of this kind is not read"),
)


@pytest.mark.parametrize(("file", "text", "place", "says"), MISTAKES, ids=str)
def test_mistake(file: str, text: str, place: str, says: str) -> None:
    """Whatever keeps a policy from loading is told at the words that it is about, if known."""
    found = mistakes_in({file: text})

    assert {str(mistake.position) for mistake in found} == {f"{file}:{place}"}
    assert all(says in mistake.message for mistake in found)


def test_second_of_two_files() -> None:
    """An id belongs to one policy of all files, and the first is named."""
    (mistake,) = mistakes_in({G: policy("a"), "policies/ns/tools/b.cedar": policy("a")})

    assert str(mistake.position) == "policies/ns/tools/b.cedar:1:5"
    assert mistake.hint == f"the first is {G}:1:1"


def test_not_utf_8() -> None:
    """A file in another encoding is named with the line that cannot be read."""
    with pytest.raises(InvalidWorld) as invalid:
        load_policies({G: b"// a\n// \xe9\n"}, DIRECTORY)

    (mistake,) = invalid.value.diagnostics
    assert (str(mistake.position), mistake.message) == (f"{G}:2:1", "the file is not UTF-8")


def test_too_many_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file holds beyond its bound is not read, and that is a mistake."""
    monkeypatch.setattr("authz.policy.load.MAX_STATEMENTS", 2)
    files = {f"policies/global/{name}.cedar": policy(name) + policy(name * 2) for name in "ab"}
    files["policies/global/b.cedar"] += ";;"

    (mistake,) = mistakes_in(files)

    assert str(mistake.position) == "policies/global/b.cedar:3:1"
    assert mistake.message == "a file holds at most 2 statements"


def test_all_at_once() -> None:
    """Mistakes of all files are told together, sorted by place."""
    found = mistakes_in(
        {
            G: "nonsense;\n" + policy("a") + policy("a"),
            "policies/nowhere/b.cedar": policy("b"),
            "policies/ns/tools/c.cedar": "permit (principal, action, resource);",
        }
    )

    assert [str(mistake.position) for mistake in found] == [
        f"{G}:1:9",
        f"{G}:3:5",
        "policies/nowhere/b.cedar:1:1",
        "policies/ns/tools/c.cedar:1:1",
    ]


def test_all_of_the_validator_at_once() -> None:
    """The validator's mistakes are told each at its own policy, whatever file it is in."""
    found = mistakes_in(
        {
            G: policy("ok") + policy("a", "principal.nope"),
            "policies/ns/tools/b.cedar": policy("ok-too") + "\n" + policy("b", "context.nope"),
        }
    )

    assert {str(mistake.position) for mistake in found} == {
        f"{G}:2:64",
        "policies/ns/tools/b.cedar:3:62",
    }


def test_argument_of_another_tool() -> None:
    """A policy that reads an argument which its tool does not have does not load."""
    search = 'principal, action == Action::"tools/call:tools/docs/search", resource'
    guarded = policy("a", 'context.input has query && context.input.query == "x"', search)
    (mistake,) = mistakes_in({G: policy("a", 'context.input.quary == "x"', search)})

    assert "policy a: " in mistake.message
    assert load_policies({G: guarded.encode()}, DIRECTORY)[0].by_engine_id.keys() == {"policy0"}


def test_unguarded_optional_argument() -> None:
    """A policy that would err where an optional argument is left out does not load."""
    search = 'principal, action == Action::"tools/call:tools/docs/search", resource'

    (mistake,) = mistakes_in({G: policy("a", 'context.input.query == "x"', search)})

    assert "policy a: " in mistake.message


def test_validated_files_are_not_validated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files that were found right the same policies load, each parsed by itself."""
    text = '@id("a") permit (principal, action, resource);'
    texts = {G: f"{text}\n{text.replace('a', 'b', 1)}".encode()}
    policies, _ = load_policies(texts, DIRECTORY)
    asked: list[str] = []
    for validates in ("batches", "count_policies", "refusals"):
        monkeypatch.setattr(f"authz.policy.load.{validates}", asked.append)

    again = load_validated(texts, DIRECTORY, policies.quarantined)

    assert asked == []
    assert again.by_engine_id == policies.by_engine_id
    assert (again.shapes, again.headers) == (policies.shapes, policies.headers)


def test_what_does_not_parse_was_never_validated() -> None:
    """Files that are not those that were found right load nothing."""
    with pytest.raises(InvalidWorld):
        load_validated({G: b"permit (principal"}, DIRECTORY, {})
