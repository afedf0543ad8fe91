"""`refusals.metadata`: RFC 9728 section 3.1."""

from __future__ import annotations

import json
import re

import pytest

from authz.directory.compiled import Target
from authz.model.scopes import NO_SCOPES, ScopePatterns
from authz.refusals.metadata import metadata_reply, metadata_url
from authz.server.decision_point import DecisionPoint
from tests.support.values import replace

WELL_KNOWN = "/.well-known/oauth-protected-resource"

URLS: tuple[tuple[str, str], ...] = (
    ("https://docs.example/mcp", f"https://docs.example{WELL_KNOWN}/mcp"),
    ("https://docs.example", f"https://docs.example{WELL_KNOWN}"),
    ("https://docs.example/", f"https://docs.example{WELL_KNOWN}"),
    ("https://docs.example:8443/a/b", f"https://docs.example:8443{WELL_KNOWN}/a/b"),
    ("https://docs.example/a/", f"https://docs.example{WELL_KNOWN}/a/"),
    ("https://docs.example/a?k=v", f"https://docs.example{WELL_KNOWN}/a?k=v"),
)

HOSTILE = (
    'https://docs.example/a"b',
    "https://docs.example/a\\b",
    "https://docs.example/a b",
    "https://docs.example/ä",
    'https://docs.example/a?x="',
    "https://docs.example/a\x7f",
)


@pytest.mark.parametrize(("audience", "url"), URLS)
def test_inserted(audience: str, url: str) -> None:
    """The well-known path goes between host and path."""
    assert metadata_url(audience) == url


@pytest.mark.parametrize("audience", ["urn:example:docs", "docs", "", "/mcp", "https:/docs"])
def test_no_host(audience: str) -> None:
    """What is no URL with a host has no such address."""
    assert metadata_url(audience) is None


@pytest.mark.parametrize("audience", HOSTILE)
def test_safe_between_quotes(audience: str) -> None:
    """Whatever an audience holds, the address can stand in a quoted string of a header."""
    assert re.fullmatch(r"[!#-\[\]-~]+", metadata_url(audience) or "")


def test_issuers_that_could_give_a_scope(decision_point: DecisionPoint) -> None:
    """Nobody is sent to log in where no scope of the target may be asserted."""
    directory = decision_point.world.directory
    docs, issuers = directory.targets["tools/docs"], directory.issuers
    corp, others = issuers["corp"], {name: each for name, each in issuers.items() if name != "corp"}
    mute = {
        name: replace(each, scopes=ScopePatterns(frozenset(), ())) for name, each in others.items()
    }
    some = replace(directory, issuers={"corp": corp, **mute})
    bare = replace(docs, session_scopes=NO_SCOPES, tools={}, prompts={}, resources={}, tasks=None)

    def servers(target: Target) -> list[str]:
        document = json.loads(metadata_reply(target, some, "GET", "d").body)
        named: list[str] = document["authorization_servers"]
        return named

    assert servers(docs) == [corp.url]
    assert servers(bare) == [corp.url, *(each.url for each in others.values())]
    assert len(others) > 1
