"""The reference pages name whatever there is: a new member, fact or reason must be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from authz.directory.documents import SPECS
from authz.directory.suites import Expected, SuiteNode
from authz.model.reasons import Reason
from authz.policy.annotations import KNOWN, STEP_UPS
from authz.policy.schema import FACTS, HEAD
from authz.server.decision_point import DecisionPoint
from tests.support.cases import case_named
from tests.support.direct import decide_case

DOCS = Path(__file__).parents[2] / "docs"
LEAST_NAMED = 25
LEAST_DETAILS = 10
NOT_FACTS = {"context", "principal", "resource", "do"}
"""Words of the schema's own grammar."""


def words(page: str) -> set[str]:
    """Give every word of a page that stands in code."""
    text = re.sub(r"```.*?```", "", (DOCS / page).read_text(), flags=re.DOTALL)
    spans = re.findall(r"`([^`]+)`", text)
    return {word for span in spans for word in re.findall(r"[A-Za-z_$][\w$]*", span)}


def members(model: Any) -> Iterator[str]:
    """Give the names of all members of a document's kind, at any depth."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        for name, field in model.model_fields.items():
            yield field.alias or name
            yield from members(field.annotation)
    for argument in getattr(model, "__args__", ()):
        yield from members(argument)


@pytest.mark.parametrize("kind", SPECS)
def test_kinds(kind: str) -> None:
    """Every kind, and every member that it may have, is in the reference of the directory."""
    assert f"**{kind}**" in (DOCS / "directory.md").read_text()
    assert set(members(SPECS[kind])) - words("directory.md") == set()


def test_policy_tests() -> None:
    """Every member of a file of policy tests, and every outcome, is in its reference."""
    expected = set(get_args(Expected))

    page = "policy-tests.md"
    examples = re.findall(r"```yaml(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)
    told = words(page) | set(re.findall(r"\w+", "".join(examples)))
    assert (set(members(SuiteNode)) | expected) - told == set()


def test_facts() -> None:
    """Everything that a policy can read, and every type of entity, is in the guide."""
    entities = set(re.findall(r"entity (\w+)", HEAD)) - {"Session", "Texts", "Lifecycle"}

    assert FACTS - NOT_FACTS - words("policies.md") == set()
    assert entities - words("policies.md") == set()


def test_annotations() -> None:
    """Every annotation, and every kind of step-up, is in the guide."""
    assert set(KNOWN) | set(STEP_UPS) <= words("policies.md")


def test_reasons() -> None:
    """Every reason is explained."""
    assert set(Reason) - words("records.md") == set()


def test_records(decision_point: DecisionPoint) -> None:
    """Every member of a record is explained."""
    record = decide_case(case_named("search-allowed"), decision_point).record

    assert record.keys() - words("records.md") == set()


@pytest.mark.parametrize("name", ["SECURITY.md", "docs/faults.md"])
def test_named_tests(name: str) -> None:
    """Every file that threat model and table of faults name is there, and every test of it too."""
    page = (DOCS.parent / name).read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)

    assert len(named) > LEAST_NAMED
    for file, test in named:
        assert f"def {test}" in (DOCS.parent / file).read_text()


def test_details_of_credentials() -> None:
    """What a record says of a credential, by its page, is what some line of the code says."""
    page = (DOCS / "identity-providers.md").read_text()
    rows = re.findall(r"^\| `\w+`[^|]* \| (`[^|]+`) \|", page, re.MULTILINE)
    details = [detail for row in rows for detail in re.findall(r"`([^`]+)`", row)]
    code = " ".join(path.read_text() for path in (DOCS.parent / "authz").rglob("*.py"))

    assert len(details) > LEAST_DETAILS
    for detail in details:
        for words_of_ours in re.split("…|/groups|azp", detail):
            assert words_of_ours.strip() in code, detail


PAGES = sorted([*DOCS.parent.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_links(page: Path) -> None:
    """Every link to a file of ours leads somewhere, and to a heading that is there."""
    for name, _, heading in links(page):
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), name
        assert not heading or heading in headings(there), f"{name}#{heading}"


def links(page: Path) -> Iterator[tuple[str, str, str]]:
    """Give the links of a page that are no URLs: file and heading."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    yield from (each.partition("#") for each in targets if "://" not in each)


def headings(page: Path) -> set[str]:
    """Give what the headings of a page are linked by."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
