"""An argument that is read or shown under another spelling of its name: doubted, and masked."""

from __future__ import annotations

import pytest

from authz.directory.offers import Tool
from authz.policy.reads import Masked, readers_of
from tests.laws.conditions import Written, loaded, question
from tests.support.explaining import explained
from tests.support.values import replace

SECRET = "sEcret-value"


def forbid(condition: str) -> Written:
    """Write a global policy that forbids what *condition* says."""
    text = f'@id("reading") forbid (principal, action, resource) when {{ {condition} }};'
    return Written("global", text)


@pytest.mark.parametrize(
    ("condition", "masked", "reads"),
    [
        ('ARGS.hasTag("/a") && ARGS.getTag("/a") like "s*"', "/a", True),
        ('ARGS.hasTag("/a") && ARGS.getTag("/a") like "s*"', "/b", False),
        ('ARGS.hasTag("/a") && ARGS.getTag("/a") like "s*"', "/A", True),
        ('ARGS.hasTag("/a")', "/a", False),
        ('{x: ARGS}.x.hasTag("/a") && {x: ARGS}.x.getTag("/a") like "s*"', "/a", True),
        ("context.session has user", "/a", False),
    ],
    ids=["itself", "another", "in-capitals", "only-asked-for", "computed", "no-argument"],
)
def test_readers(condition: str, masked: str, reads: bool) -> None:  # noqa: FBT001 - a column
    """A policy that may look at a masked value is named, however it comes by it."""
    world = loaded((forbid(condition.replace("ARGS", "context.session.args")),))
    tool = question().offer
    assert tool is not None

    found = [ref.id for ref in readers_of(Masked(frozenset({masked})), tool, world)]

    assert found == (["reading"] if reads else [])


def test_opened_by_another_spelling() -> None:
    """What `record` opens under one name stays masked where it was sent under another."""
    world = loaded(
        (
            forbid(
                'context.session.args.hasTag("/a") && context.session.args.getTag("/a") like "s*"'
            ),
        )
    )
    asked = question(arguments={"A": SECRET})
    assert isinstance(asked.offer, Tool)
    opened = replace(asked, offer=replace(asked.offer, record=frozenset({"/a"})))

    told = repr(explained(opened, world))

    assert "spelt otherwise" in told
    assert SECRET not in told
