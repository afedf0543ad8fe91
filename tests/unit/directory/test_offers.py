"""Prompts, resources and tasks of a server: what is declared, what is listed, what is mistaken."""

from __future__ import annotations

import pytest

from authz.directory.compiled import Directory, Target
from authz.directory.diagnostics import InvalidWorld
from authz.directory.load import load_directory
from authz.directory.offers import MCPResource, Offer, Prompt, SubjectRule, Tasks, Tool
from authz.model.operation import Operation, PromptUse, ResourceUse, Session, TaskUse, ToolCall
from tests.unit.directory.changes import sound

AGENTS, DOCS = "directory/ns/research/agents.yaml", "directory/ns/tools/docs.yaml"
SCOPES = 'scopes: ["docs:read"]'


def resources(**uris: str) -> str:
    """Write resources with *uris*."""
    rows = (f'{name}: {{uri: "{uri}", {SCOPES}}}' for name, uri in uris.items())
    return f"resources: {{{', '.join(rows)}}}"


PROMPTS = f"prompts: {{search: {{{SCOPES}}}, greet: {{{SCOPES}, subject: none}}}}"
ROWS = {"book": "docs://book", "page": "docs://p/{page}", "index": "docs://p/index"}
RESOURCES = resources(**ROWS)
TASKS = f"tasks: {{{SCOPES}, subject: optional}}"


def loaded(*declared: str, listed: str = "") -> Directory:
    """Load the sound directory with more *declared* at docs, and *listed* by the assistant."""
    files = sound()
    server, connection = b"  tools:\n", b"tools: [search, annotate]}"
    assert files[DOCS].count(server) == files[AGENTS].count(connection) == 1
    more = "".join(f"  {each}\n" for each in declared).encode()
    files[DOCS] = files[DOCS].replace(server, more + server)
    wider = f"tools: [search, annotate]{listed and f', {listed}'}}}".encode()
    files[AGENTS] = files[AGENTS].replace(connection, wider)
    return load_directory(files)[0]


def docs(*declared: str) -> Target:
    """Give the server with *declared*."""
    return loaded(*declared).targets["tools/docs"]


def mistakes(*declared: str, listed: str = "") -> list[str]:
    """Give what is wrong with *declared* and *listed*."""
    with pytest.raises(InvalidWorld) as invalid:
        loaded(*declared, listed=listed)
    return [each.message for each in invalid.value.diagnostics]


ASKED: tuple[tuple[Operation, type[Offer] | None, str], ...] = (
    (ToolCall("search", {}), Tool, "search"),
    (ToolCall("greet", {}), None, ""),
    (PromptUse("search", {}), Prompt, "search"),
    (PromptUse("Search", {}), None, ""),
    (PromptUse("annotate", {}), None, ""),
    (PromptUse("book", {}), None, ""),
    (ResourceUse("docs://book"), MCPResource, "book"),
    (ResourceUse("book"), None, ""),
    (ResourceUse("docs://p/x"), MCPResource, "page"),
    (ResourceUse("docs://p/index"), MCPResource, "index"),
    (ResourceUse("docs://p/{page}"), None, ""),
    (ResourceUse("docs://p/{page}", completes=True), MCPResource, "page"),
    (ResourceUse("docs://p/{other}", completes=True), None, ""),
    (ResourceUse("docs://p/../book"), None, ""),
    (TaskUse("tasks/get"), Tasks, "*"),
    (Session("ping"), None, ""),
)


@pytest.mark.parametrize(("operation", "kind", "name"), ASKED, ids=str)
def test_what_is_asked_for(operation: Operation, kind: type[Offer] | None, name: str) -> None:
    """Each operation finds what it is about, of its own kind alone; a literal before a variable."""
    offer = docs(PROMPTS, RESOURCES, TASKS).offer_for(operation)

    assert (None if offer is None else (type(offer), offer.own_name)) == (kind and (kind, name))


def test_what_is_left_out() -> None:
    """Whatever does not say otherwise wants a user; without a word there are no tasks."""
    server = docs(PROMPTS, RESOURCES)

    assert server.prompts["search"].subject is SubjectRule.REQUIRED
    assert server.prompts["greet"].subject is SubjectRule.NONE
    assert {each.subject for each in server.resources.values()} == {SubjectRule.REQUIRED}
    assert server.offer_for(TaskUse("tasks/get")) is None


@pytest.mark.parametrize("writes", [True, False])
def test_tasks_are_read_or_written(writes: bool) -> None:  # noqa: FBT001
    """What changes a task is another action than what looks at it."""
    offer = docs(TASKS).offer_for(TaskUse("tasks/any", writes=writes))

    assert isinstance(offer, Tasks)
    assert offer.action == ("write" if writes else "read")


LISTED = (
    ("", set[str]()),
    ("prompts: [greet]", {"greet"}),
    ('prompts: ["*"]', {"search", "greet"}),
    ("resources: [book, page]", {"book", "page"}),
    ('resources: ["*"], tasks: ["*"]', {"book", "page", "index", "*"}),
)


@pytest.mark.parametrize(("listed", "names"), LISTED)
def test_lists(listed: str, names: set[str]) -> None:
    """A connection lists prompts, resources and tasks each by themselves, and tools list none."""
    directory = loaded(PROMPTS, RESOURCES, TASKS, listed=listed)
    connection = directory.agents["research/assistant"].connections["tools/docs"]
    offers = directory.targets["tools/docs"].offers

    found = {each.own_name for each in offers if connection.lists(each) and type(each) is not Tool}
    assert found == names


WRONG_LISTS = (
    ((), "prompts: [greet]", "tools/docs declares no prompt greet"),
    ((), 'prompts: ["*"]', "tools/docs is an MCPServer and has no prompts"),
    ((RESOURCES,), "resources: [books]", "tools/docs declares no resource books"),
    ((), 'tasks: ["*"]', "tools/docs is an MCPServer and has no tasks"),
)


@pytest.mark.parametrize(("declared", "listed", "message"), WRONG_LISTS)
def test_lists_of_nothing(declared: tuple[str, ...], listed: str, message: str) -> None:
    """What a connection lists is declared."""
    assert message in mistakes(*declared, listed=listed)


OVERLAPPING = (
    {"a": "docs://x", "b": "docs://x"},
    {"a": "docs://p/{one}", "b": "docs://p/{two}"},
    {"a": "docs://{area}/x", "b": "docs://p/{page}"},
)


@pytest.mark.parametrize("uris", OVERLAPPING, ids=str)
def test_overlapping(uris: dict[str, str]) -> None:
    """Two resources that one URI could be, with nothing to tell which, do not load."""
    assert mistakes(resources(**uris)) == ["one URI could be a's and b's"]


def test_narrower() -> None:
    """Where one is literal wherever the other is, and more, it is meant, in any order."""
    uris = {"a": "docs://p/{x}", "b": "docs://{x}/{y}", "c": "docs://p/z"}
    for order in (uris, dict(reversed(uris.items()))):
        server = docs(resources(**order))
        found = [server.offer_for(ResourceUse(f"docs://{end}")) for end in ("p/z", "p/q", "r/z")]
        assert [each and each.own_name for each in found] == ["c", "a", "b"]


SPELT = (
    ("docs://p/Index", "index"),
    ("docs://p/index", None),
    ("docs://p/INDEX", None),
    ("docs://p/c++", "plus"),
    ("docs://p/c%2B%2B", None),
    ("docs://p/C%2B%2B", None),
    ("docs://p/c%2B", "page"),
    ("docs://p/indexes", "page"),
    ("docs://p/%C5%BF", None),
)


@pytest.mark.parametrize(("uri", "name"), SPELT)
def test_literal_in_another_spelling(uri: str, name: str | None) -> None:
    """A template takes no URI that a server which decodes or folds case reads as a literal."""
    rows = {"page": "docs://p/{page}", "index": "docs://p/Index", "plus": "docs://p/c++"}
    offer = docs(resources(**rows, long="docs://p/s")).offer_for(ResourceUse(uri))

    assert (offer.own_name if offer else None) == name


def test_literals_in_two_cases() -> None:
    """Two literals that differ in case alone are each itself."""
    server = docs(resources(small="docs://p/a", big="docs://p/A"))
    found = [server.offer_for(ResourceUse(f"docs://p/{end}")) for end in ("a", "A")]

    assert [each and each.own_name for each in found] == ["small", "big"]


@pytest.mark.parametrize("uri", ["docs:x", "DOCS://x", "docs://p/..", "docs://p/{x}.md"])
def test_no_uri(uri: str) -> None:
    """A URI that readers could differ over is not declared."""
    (message,) = mistakes(resources(a=uri))
    assert "expected a URI such as docs://handbook" in message


@pytest.mark.parametrize(
    "declared", ["prompts: {p: {}}", 'resources: {r: {uri: "docs://r"}}', "tasks: {}"]
)
def test_scopes_are_said(declared: str) -> None:
    """Whatever is offered says which scopes it needs, were it none."""
    (message,) = mistakes(declared)
    assert "scopes" in message
