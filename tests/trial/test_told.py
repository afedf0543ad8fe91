"""What is told is decided as the gate would decide it: nothing counts that could not be proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from authz.directory.compiled import Directory
from authz.identity.keys import KeySet
from authz.model.reasons import Reason
from authz.sources.declared import read_policies
from authz.trial.request import read_request
from authz.trial.run import Trial, run
from authz.trial.stated import Setting
from authz.trial.told import Told, Untellable, state
from authz.world import World
from tests.support.values import replace
from tests.trial.test_turned import NOW

DESK, REPORTER, ANALYST = "research/desk", "reports/reporting-agent", "reports/analytics-agent"
SEARCH = Told(
    agent=REPORTER,
    operation="tools/docs/search",
    arguments={"query": "tides"},
    user="corp/alice",
    scopes=frozenset({"docs:read"}),
)


@pytest.fixture(scope="module")
def world(home: Path) -> World:
    """The worked world, read without any keys."""
    directory, policies, _ = read_policies(home)
    return World("", directory, policies, {}, KeySet(()))


def tried(told: Told, world: World) -> Trial:
    """Decide what is told."""
    return run(Setting(state(told, world.directory, NOW), world))


def test_chain(world: World) -> None:
    """A token that came through another agent is good for one that is called by others."""
    assert tried(replace(SEARCH, chain=(DESK,)), world).reason is Reason.ALLOW


@pytest.mark.parametrize(
    ("agent", "chain", "reason"),
    [
        (REPORTER, (REPORTER,), Reason.CHAIN_REFUSED),
        (REPORTER, (DESK, ANALYST, DESK), Reason.CHAIN_REFUSED),
        (
            REPORTER,
            (DESK, ANALYST, "research/assistant", "research/research-agent"),
            Reason.CHAIN_REFUSED,
        ),
        (DESK, (REPORTER,), Reason.CREDENTIAL_INVALID),
    ],
    ids=["the-caller", "twice", "too-long", "not-called"],
)
def test_chain_that_no_token_has(
    agent: str, chain: tuple[str, ...], reason: Reason, world: World
) -> None:
    """The gate would refuse such a token at step 3, so nothing is allowed by it here."""
    trial = tried(replace(SEARCH, agent=agent, chain=chain), world)

    assert (trial.reason, trial.step) == (reason, 3)


@pytest.mark.parametrize(
    ("groups", "chain", "why"),
    [
        ({"corp/researchers", "corp/admins"}, (), "corp may not assert the group corp/admins"),
        ({"ops/operators"}, (), "corp may not assert the group ops/operators"),
        ({"corp/researchers"}, (DESK,), "came through agents has no groups"),
    ],
    ids=["not-declared", "of-another-issuer", "through-agents"],
)
def test_groups_that_would_not_count(
    groups: set[str], chain: tuple[str, ...], why: str, world: World
) -> None:
    """A group that the gate would not see is a mistake in the question."""
    told = replace(SEARCH, groups=frozenset(groups), chain=chain)

    with pytest.raises(Untellable, match=why):
        state(told, world.directory, NOW)


def test_names_of_headers(world: World) -> None:
    """Names of headers count in the one spelling that Envoy gives them."""
    directory: Directory = world.directory
    stated = state(replace(SEARCH, headers={"X-Request-Source": "ui"}), directory, NOW)

    assert stated.call.headers == {"x-request-source": "ui"}


@pytest.mark.parametrize("headers", ['{"a": 1}', '{"a": null}', '{"a": ["b"]}', '["a"]'])
def test_headers_are_texts(headers: str) -> None:
    """A header of another type is a mistake in the request, not a fault of ours."""
    request = f'{{"agent": "a/b", "session": "c/d", "headers": {headers}}}'

    with pytest.raises(Untellable, match="headers: expected an object with texts"):
        read_request(request.encode())
