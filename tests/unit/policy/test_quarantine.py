"""`policy.quarantine`: one odd tool does not keep a world from loading, and nobody can call it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cedarpy import validate_policies

from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Severity
from authz.directory.load import load_directory
from authz.model.reasons import Reason
from authz.policy.compiled import Policies
from authz.policy.judge import judge
from authz.policy.load import load_policies
from authz.policy.quarantine import MAX_CLASHES
from authz.policy.schema import tool_action
from tests.support.values import replace
from tests.support.whole import judged_whole
from tests.unit.directory.changes import sound
from tests.unit.policy.test_judge import QUESTION

GLOBAL, OWN = "policies/global/a.cedar", "policies/ns/tools/a.cedar"
FOREIGN, AGENT = "policies/ns/research/a.cedar", "policies/agents/research/assistant/a.cedar"
ODD = "tools/docs/odd"
CALLS = 'principal, action in Action::"tools/call", resource'
BEGINS = 'context.input has query && context.input.query like "a*"'
"""`query` is a text of `search`, and a list of `odd`."""

MANY = 1_000
PLACE = "directory/ns/tools/docs.yaml:13:5"


def directory(**inputs: Any) -> Directory:
    """Give the sound directory with the tool `odd`, and some more."""
    files = sound()
    inputs = {"odd": {"query": {"type": "array", "items": {"type": "string"}}}, **inputs}
    schemas = {name: {"type": "object", "properties": input_} for name, input_ in inputs.items()}
    files["directory/ns/tools/odd.json"] = json.dumps(schemas).encode()
    files["directory/ns/tools/docs.yaml"] += "".join(
        f'    {name}: {{scopes: ["docs:read"], input: {{$file: odd.json#/{name}}}}}\n'
        for name in inputs
    ).encode()
    return load_directory(files)[0]


WITH_ODD = directory()


def forbid(name: str, condition: str = BEGINS, scope: str = CALLS) -> str:
    """Write a forbid."""
    return f'@id("{name}") forbid ({scope}) when {{ {condition} }};\n'


def load(
    files: dict[str, str], declared: Directory = WITH_ODD
) -> tuple[Policies, tuple[Diagnostic, ...]]:
    """Load *files*."""
    return load_policies({name: text.encode() for name, text in files.items()}, declared)


def mistakes_in(files: dict[str, str], declared: Directory = WITH_ODD) -> list[str]:
    """Give the mistakes that keep *files* from loading."""
    with pytest.raises(InvalidWorld) as invalid:
        load(files, declared)
    return [each.message for each in invalid.value.diagnostics if each.severity is Severity.ERROR]


@pytest.mark.parametrize("file", [GLOBAL, OWN])
def test_named_with_both_places(file: str) -> None:
    """The warning stands where the tool is declared, and names the policy with its place."""
    policies, (warning,) = load({file: "// one line\n" + forbid("no-a")})

    says = f"no-a ({file}:2:1): unexpected type: expected String but saw Set<String>"
    assert policies.quarantined == {ODD: f"its arguments clash with policy {says}"}
    assert (str(warning.position), warning.severity) == (PLACE, Severity.WARNING)
    assert (
        warning.message
        == f"{ODD} is quarantined, nobody can call it: " + (policies.quarantined[ODD])
    )
    assert "rename the argument" in warning.hint


def test_the_first_is_named() -> None:
    """Of several policies that a tool clashes with the global one takes it away, and no other."""
    policies, (warning,) = load({OWN: forbid("own"), GLOBAL: forbid("general")})

    assert "clash with policy general" in policies.quarantined[ODD]
    assert policies.quarantined[ODD] in warning.message


@pytest.mark.parametrize("record", ["{type: 1}.type == 1", '{type: "Tool", id: 1}.id == 1'])
def test_a_record_names_no_tool(record: str) -> None:
    """Members of a record that are called like those of an entity are no name of one."""
    policies, _ = load({GLOBAL: forbid("no-a", f"{record} && {BEGINS}")})

    assert policies.quarantined.keys() == {ODD}


def test_the_engine_does_not_know_it() -> None:
    """Of the tool's action the engine is not told; every policy and all other tools stay."""
    policies, _ = load({GLOBAL: forbid("no-a") + forbid("no-b", "principal is Agent")})

    assert unknown_to(policies, "odd")
    assert not unknown_to(policies, "search")
    assert [each.ref.id for each in policies.by_engine_id.values()] == ["no-a", "no-b"]


def test_nothing_is_quarantined_where_nothing_clashes() -> None:
    """A general policy that fits all tools quarantines none."""
    policies, warnings = load({GLOBAL: forbid("fits", "context.input has query")})

    assert (policies.quarantined, warnings) == ({}, ())


def unknown_to(policies: Policies, tool: str) -> bool:
    """Say whether the engine does not know the action of *tool*, asked about that very tool."""
    offer = WITH_ODD.targets["tools/docs"].tools[tool]
    text = f'permit (principal, action == Action::"{tool_action(offer.name)}", resource);'
    schema = policies.schema_for(offer)
    assert schema is not None
    return not validate_policies(text, schema).validation_passed


def test_nobody_is_allowed_to_call_it() -> None:
    """A question about it, which step 6 lets nobody ask, is a fault of every leg."""
    policies, _ = load({GLOBAL: forbid("no-a") + '@id("y") permit (principal, action, resource);'})
    offer = WITH_ODD.targets["tools/docs"].tools["odd"]
    asked = replace(QUESTION, target=WITH_ODD.targets["tools/docs"], offer=offer, arguments={})

    for judgement in (judge(asked, policies), judged_whole(asked, policies)):
        assert [leg.reason for leg in judgement.legs] == [Reason.POLICY_ERROR] * 2


NAMING = (
    forbid("a", BEGINS, f'principal, action == Action::"{tool_action(ODD)}", resource'),
    forbid("a", BEGINS, f'principal, action in [Action::"{tool_action(ODD)}"], resource'),
    forbid("a", BEGINS, f'principal, action in Action::"tools/call", resource == Tool::"{ODD}"'),
    forbid("a", f'resource == Tool::"{ODD}" && {BEGINS}'),
    forbid("a", f'action == Action::"{tool_action(ODD)}" && {BEGINS}'),
)


@pytest.mark.parametrize("text", NAMING)
def test_a_policy_that_names_the_tool_is_wrong_itself(text: str) -> None:
    """Whoever names a tool means it: the clash is a mistake, as it always was."""
    assert any("unexpected type" in each for each in mistakes_in({GLOBAL: text}))


@pytest.mark.parametrize(
    "text",
    [
        forbid("a", "principal.nope"),
        forbid("a", "context.input.query == 1"),
        forbid("a", f"context.nope && {BEGINS}"),
    ],
)
def test_wrong_whatever_a_tool_takes(text: str) -> None:
    """What no tool could mend is a mistake of the policy."""
    assert mistakes_in({GLOBAL: text})


@pytest.mark.parametrize("file", [FOREIGN, AGENT])
def test_no_tier_takes_away_what_is_not_its_own(file: str) -> None:
    """A lower tier's author cannot take a tool away from others by a policy that clashes."""
    assert mistakes_in({file: forbid("a")})
    assert load({GLOBAL: forbid("g"), file: forbid("a")})[0].quarantined.keys() == {ODD}


def test_named_policies_are_held_against_the_real_schema() -> None:
    """A policy of the quarantined tool itself loads if it is right, and is a mistake if not."""
    scope = f'principal, action == Action::"{tool_action(ODD)}", resource'
    right = forbid("own", 'context.input has query && context.input.query.contains("a")', scope)
    wrong = forbid("own", "context.input has query && context.input.query > 1", scope)

    assert load({GLOBAL: forbid("no-a"), OWN: right})[0].quarantined.keys() == {ODD}
    assert mistakes_in({GLOBAL: forbid("no-a"), OWN: wrong})


def test_a_mistake_beside_a_clash_is_still_a_mistake() -> None:
    """The rest loads only where the rest is right."""
    (mistake,) = mistakes_in({GLOBAL: forbid("no-a") + forbid("b", "principal.nope")})

    assert mistake.startswith("policy b:")


@pytest.mark.parametrize("more", [0, 1])
def test_a_policy_that_clashes_with_many_is_wrong_itself(more: int) -> None:
    """At the bound all are quarantined; beyond it the policy is the mistake."""
    odd = {f"odd{n}": {"query": {"type": "integer"}} for n in range(MAX_CLASHES - 1 + more)}
    declared = directory(**odd)

    if more:
        assert mistakes_in({GLOBAL: forbid("no-a")}, declared)
    else:
        found = load({GLOBAL: forbid("no-a")}, declared)[0].quarantined
        assert len(found) == MAX_CLASHES


def test_looking_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """One odd tool among a thousand is found in some twenty questions, not in a thousand."""
    asked: list[str] = []

    def counting(text: str, schema: Any) -> Any:
        asked.append(text)
        return validate_policies(text, schema)

    monkeypatch.setattr("authz.policy.quarantine.validate_policies", counting)
    declared = directory(**{f"t{n}": {"query": {"type": "string"}} for n in range(MANY)})

    policies, _ = load({GLOBAL: forbid("no-a") + forbid("no-b")}, declared)

    assert policies.quarantined.keys() == {ODD}
    assert len(asked) < 60
