"""`directory.issuers`: what is asked in the clear, who else introspects, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from authz.directory.compiled import Directory, Introspection, KeyFile, KeysByUrl
from authz.directory.diagnostics import Diagnostic, InvalidWorld
from authz.directory.load import load_directory
from authz.model.scopes import ScopePatterns
from tests.unit.directory.changes import ROOT, sound

FILE = f"{ROOT}global/issuer.yaml"
KEYS = "{file: corp.json}"
URL = "https://idp.example.com"
CLIENT = "clientId: gate, clientSecret: {file: s}"
PRIVATE = "\n  privateNetworks: [10.0.0.0/8]"


def with_issuer(keys: str, url: str = URL) -> Directory:
    """Load the sound directory with the issuer at *url* and *keys*, and what follows those."""
    files = sound()
    text = files[FILE].decode().replace(KEYS, keys).replace(URL, url)
    return load_directory({**files, FILE: text.encode()})[0]


IN_THE_CLEAR: dict[str, tuple[str, str, str | None]] = {
    "discovery": ("http://idp.example.com", "{discover: true}", "5:11"),
    "discovery by TLS": (URL, "{discover: true}", None),
    "nothing is fetched": ("http://idp.example.com", KEYS, None),
    "introspection that is discovered": (
        "http://idp.example.com",
        f"{KEYS}\n  introspection: {{{CLIENT}}}",
        "5:11",
    ),
    "introspection elsewhere": (
        "http://idp.example.com",
        f"{KEYS}\n  introspection: {{url: 'https://idp.example.net/i', {CLIENT}}}",
        None,
    ),
    "introspection in the clear": (
        URL,
        f"{KEYS}\n  introspection: {{url: 'http://idp.example.net/i', {CLIENT}}}",
        "9:24",
    ),
    "keys in the clear": (URL, "{jwksUrl: 'http://idp.example.net/jwks'}", "8:19"),
    "keys by TLS": (URL, "{jwksUrl: 'https://idp.example.net/jwks'}", None),
    "a network that is meant": (
        "http://idp.example.com",
        f"{{discover: true}}\n  introspection: {{url: 'http://10.0.0.1/i', {CLIENT}}}{PRIVATE}",
        None,
    ),
}


@pytest.mark.parametrize(("url", "keys", "at"), IN_THE_CLEAR.values(), ids=IN_THE_CLEAR)
def test_in_the_clear(url: str, keys: str, at: str | None) -> None:
    """Only what is fetched has to be fetched by TLS, unless it is in a network that is listed."""
    if at is None:
        assert with_issuer(keys, url).issuers["corp"].url == url
        return
    with pytest.raises(InvalidWorld) as invalid:
        with_issuer(keys, url)
    assert [*places(invalid.value.diagnostics, "in the issuer's name")] == [f"{FILE}:{at}"]


def places(rows: Sequence[Diagnostic], says: str) -> list[str]:
    """Give where *says* is said."""
    return [str(row.position) for row in rows if says in row.message]


def test_one_issuer_is_asked_about_opaque_tokens() -> None:
    """Each further one is a mistake, and told which was there first."""
    issuers = "---\n".join(
        "apiVersion: narrowgate.dev/v1alpha1\nkind: Issuer\n"
        f"metadata: {{name: {name}}}\n"
        f"spec: {{issuer: 'https://{name}.example', audiences: ['urn:a:b'], algorithms: [ES256],"
        f" keys: {{file: k}}, introspection: {{{CLIENT}}}}}\n"
        for name in ("one", "two", "three")
    )
    more = f"{ROOT}global/more.yaml"
    with pytest.raises(InvalidWorld) as invalid:
        load_directory({**sound(), more: issuers.encode()})

    rows = [row for row in invalid.value.diagnostics if "cannot both be asked" in row.message]
    assert [row.position.line for row in rows] == [9, 14]
    assert {row.hint for row in rows} == {f"the first is {more}:4:116"}


def test_keys() -> None:
    """Keys lie in a file, or are fresh for ten minutes and used for an hour more, unless said."""
    fetched = {
        "{discover: true}": KeysByUrl(None, max_age=600, stale_for=3600),
        f"{{jwksUrl: '{URL}/jwks'}}": KeysByUrl(f"{URL}/jwks", max_age=600, stale_for=3600),
        "{discover: true, maxAge: 90s}": KeysByUrl(None, max_age=90, stale_for=3600),
        "{discover: true, staleFor: 120s}": KeysByUrl(None, max_age=600, stale_for=120),
    }

    assert with_issuer(KEYS).issuers["corp"].keys == KeyFile("corp.json")
    for text, keys in fetched.items():
        assert with_issuer(text).issuers["corp"].keys == keys


def test_introspection() -> None:
    """Nobody introspects who is not said to; an answer is believed for half a minute."""
    directory = with_issuer(f"{KEYS}\n  introspection: {{{CLIENT}}}")

    assert with_issuer(KEYS).introspecting is None
    assert directory.introspecting == directory.issuers["corp"]
    assert directory.issuers["corp"].introspection == Introspection(None, "gate", "s", 30)


def test_scopes() -> None:
    """A scope that ends in a star stands for what begins so, any other for itself alone."""
    files = sound()
    text = files[FILE].replace(b'["docs:*"]', b'["docs:*", "web:fetch"]')
    directory, _ = load_directory({**files, FILE: text})

    assert directory.issuers["corp"].scopes == ScopePatterns(frozenset({"web:fetch"}), ("docs:",))
