"""Ids never collide: whatever is declared, or said by a token, has a name of its own everywhere."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from hypothesis import given

from authz.directory.compiled import Directory
from authz.directory.load import load_directory
from authz.identity.access_token import ProvenClaims
from authz.model.instant import Instant
from authz.model.principals import Actor, Hop, Login, Subject
from authz.model.scopes import NO_SCOPES
from authz.model.strict_json import JSON
from authz.policy.facts import entities_of
from authz.policy.load import load_policies
from authz.policy.question import Question
from authz.policy.schema import tool_action
from authz.policy.session import NO_EVIDENCE
from authz.steps.idp_token import read_idp_token
from authz.steps.standing import subject_of
from authz.wire.headers import header_value
from tests.laws.effort import promised
from tests.laws.named import Named, documents_of, named
from tests.laws.parties import NOW
from tests.support.values import replace

NOBODY = Hop("", Actor("", ""))


@promised
@given(named)
def test_everything_has_a_name_of_its_own(world: Named) -> None:
    """Nothing that is told apart in documents or tokens has one id in Cedar or in headers."""
    directory, _ = load_directory(documents_of(world))
    subjects = [*subjects_in(world, directory)]
    ids = ids_in(questions_in(directory, subjects), directory)

    told = {header_value(str(subject.user)) for subject in subjects}
    assert len(told) == len(subjects) == len(world.issuers) * len(world.users)
    assert ids["User"] == {f"{each.user.issuer}/{each.user.sub}" for each in subjects}
    assert split(ids["User"], 1) == {(i, sub) for i in world.issuers for sub in world.users}
    assert split(ids["Group"], 1) == {(i, group) for i in world.issuers for group in world.groups}
    assert split(ids["Role"], 1) == {(name,) for name in world.roles} | world.spaced_roles
    assert split(ids["Agent"], 1) == world.agents
    assert split(ids["MCPServer"], 1) == world.servers
    tools = {(*server, tool) for server in world.servers for tool in world.tools}
    assert split(ids["Tool"], 2) == tools
    actions = {each for each in ids["Action"] if each.startswith("tools/call:")}
    assert split({each.removeprefix("tools/call:") for each in actions}, 2) == tools


def split(ids: Iterable[str], times: int) -> set[tuple[str, ...]]:
    """Split ids at their first slashes: what comes out is what went in, or two were mixed up."""
    return {tuple(each.split("/", times)) for each in ids}


def subjects_in(world: Named, directory: Directory) -> Iterator[Subject]:
    """Give every user, by a token that says all groups."""
    for issuer in directory.issuers.values():
        for sub in world.users:
            members: dict[str, JSON] = {"groups": [*world.groups]}
            claims = ProvenClaims(issuer.url, sub, frozenset(), Instant(NOW + 1), members)
            login = read_idp_token(claims, issuer, NOBODY, directory, Instant(NOW))
            assert isinstance(login, Login)
            yield subject_of(login, directory)


def questions_in(directory: Directory, subjects: Iterable[Subject]) -> Iterator[Question]:
    """Give questions in which everything of *directory* comes up, and every one of *subjects*."""
    (target, *_) = directory.targets.values()
    plain = Question(
        target=target,
        offer=None,
        method="ping",
        arguments=None,
        user=None,
        user_scopes=NO_SCOPES,
        hops=tuple(Hop(name, Actor("i", name)) for name in directory.agents),
        required=NO_SCOPES,
        now=Instant(NOW),
        peer_address="",
        headers={},
    )
    yield from (replace(plain, user=subject) for subject in subjects)
    for each in directory.targets.values():
        yield from (replace(plain, target=each, offer=tool) for tool in each.tools.values())


def ids_in(questions: Iterable[Question], directory: Directory) -> dict[str, set[str]]:
    """Give the ids, by type, of all entities that the engine is told of, and of their parents."""
    policies, _ = load_policies({}, directory)
    found: dict[str, set[str]] = defaultdict(set)
    for question in questions:
        for row in json.loads(entities_of(question, policies, NO_EVIDENCE)):
            for uid in (row["uid"], *row["parents"]):
                found[uid["type"]].add(uid["id"])
    return found


@promised
@given(named)
def test_every_tool_is_an_action_of_the_schema(world: Named) -> None:
    """A policy for each tool's action loads, and it is an action that no other tool has."""
    directory, _ = load_directory(documents_of(world))
    tools = [tool for target in directory.targets.values() for tool in target.tools.values()]
    text = "\n".join(
        f'@id("{number}") permit (principal, action == Action::{_cedar(tool_action(tool.name))}, '
        f"resource == Tool::{_cedar(tool.name)});"
        for number, tool in enumerate(tools)
    )

    policies, warnings = load_policies({"policies/global/a.cedar": text.encode()}, directory)

    assert warnings == ()
    assert len(policies.by_engine_id) == len(tools)


def _cedar(text: str) -> str:
    """Write a Cedar string with every character by its number: nothing is left to escape."""
    return '"' + "".join(f"\\u{{{ord(each):x}}}" for each in text) + '"'
