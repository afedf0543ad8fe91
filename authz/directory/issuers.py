"""Issuers: where their keys are, whom to ask about opaque tokens, and what is not asked at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from authz.directory.compiled import (
    ClaimPointers,
    Introspection,
    Issuer,
    KeyFile,
    KeysByUrl,
    UserScopes,
)
from authz.directory.diagnostics import Diagnostic, Position
from authz.directory.issuer_documents import IntrospectionSpec, IssuerKeys, IssuerSpec
from authz.directory.offers import ALL
from authz.directory.parse import Document
from authz.directory.words import seconds
from authz.model.scopes import ScopePatterns

FRESH_FOR = "600s"
STALE_FOR = "3600s"

PLAIN = "http://"
PLAIN_HINT = "use https, or list the address in privateNetworks"


def issuer_mistakes(documents: Iterable[Document]) -> Iterator[Diagnostic]:
    """Check that nothing is fetched in the clear from anywhere, and that one issuer introspects."""
    first: Position | None = None
    for document in documents:
        if not isinstance(document.spec, IssuerSpec):
            continue
        yield from _plain_mistakes(document.spec, document)
        if document.spec.introspection is None:
            continue
        place = document.at("introspection")
        if first is not None:
            # An opaque token does not say whose it is, and is not shown to one issuer after the
            # other: each could use what is another's.
            message = "two Issuers cannot both be asked about opaque tokens"
            yield Diagnostic(place, message, f"the first is {first}")
        first = first or place


def _plain_mistakes(issuer: IssuerSpec, document: Document) -> Iterator[Diagnostic]:
    if issuer.private_networks:
        return
    for url, place in _fetched(issuer, document):
        if url.startswith(PLAIN):
            message = "whoever is on the way could answer in the issuer's name"
            yield Diagnostic(place, message, PLAIN_HINT)


def _fetched(issuer: IssuerSpec, document: Document) -> Iterator[tuple[str, Position]]:
    introspection = issuer.introspection
    discovers = issuer.keys.discover or (introspection and introspection.url is None)
    if discovers:
        yield issuer.issuer, document.at("issuer")
    if issuer.keys.jwks_url is not None:
        yield issuer.keys.jwks_url, document.at("keys", "jwksUrl")
    if introspection is not None and introspection.url is not None:
        yield introspection.url, document.at("introspection", "url")


def compile_issuer(name: str, spec: IssuerSpec) -> Issuer:
    """Compile an issuer without mistakes."""
    claims, scopes = spec.claims, spec.may_assert.scopes
    return Issuer(
        name=name,
        url=spec.issuer,
        audiences=frozenset(spec.audiences),
        algorithms=frozenset(spec.algorithms),
        keys=_keys(spec.keys),
        claims=ClaimPointers(claims.groups, claims.acr, claims.amr, claims.auth_time, claims.login),
        acr_levels=spec.acr_levels,
        groups=frozenset(spec.may_assert.groups),
        scopes=ScopePatterns(
            exact=frozenset(scope for scope in scopes if not scope.endswith(ALL)),
            prefixes=tuple(scope.removesuffix(ALL) for scope in scopes if scope.endswith(ALL)),
        ),
        user_scopes=UserScopes(spec.user_scopes),
        introspection=_introspection(spec.introspection),
        private_networks=tuple(map(ip_network, spec.private_networks)),
    )


def _keys(spec: IssuerKeys) -> KeyFile | KeysByUrl:
    if spec.file is not None:
        return KeyFile(spec.file)
    max_age, stale_for = spec.max_age or FRESH_FOR, spec.stale_for or STALE_FOR
    return KeysByUrl(spec.jwks_url, max_age=seconds(max_age), stale_for=seconds(stale_for))


def _introspection(spec: IntrospectionSpec | None) -> Introspection | None:
    if spec is None:
        return None
    return Introspection(
        url=spec.url,
        client_id=spec.client_id,
        secret_file=spec.client_secret.file,
        max_age=seconds(spec.max_age),
    )
