"""A target's protected-resource metadata: where it is found, and what it says (RFC 9728)."""

from __future__ import annotations

import json
from urllib.parse import quote, urlsplit, urlunsplit

from authz.directory.compiled import Directory, Target, TargetKind
from authz.model.headers import DECISION
from authz.model.outcome import Answer
from authz.model.scopes import Scopes

WELL_KNOWN = "/.well-known/oauth-protected-resource"
MAX_AGE = 60
"""Seconds for which a client may keep the document."""


def metadata_url(audience: str) -> str | None:
    """
    Insert the well-known path between host and path of *audience*, safe in a quoted string.

    None where the audience is no URL with a host: then there is no such address.
    """
    parts = urlsplit(audience)
    if not parts.netloc:
        return None
    path = "" if parts.path == "/" else parts.path
    url = urlunsplit((parts.scheme, parts.netloc, WELL_KNOWN + path, parts.query, ""))
    return quote(url, safe=":/?&=@[]!$'()*+,;%~-._")


def has_metadata(target: Target) -> bool:
    """Say whether there is anything that users could log in for."""
    if target.kind is TargetKind.HTTP_SERVICE:
        return target.routes.take_users
    return target.kind is TargetKind.MCP_SERVER


def metadata_paths(target: Target) -> frozenset[str]:
    """
    Give the paths that clients look under, below the target's hosts.

    They insert the well-known path before the path that they were given, or
    that a challenge names, and try the root after that.
    """
    if not has_metadata(target) or not urlsplit(target.identifier).netloc:
        return frozenset()
    paths = (urlsplit(target.identifier).path, target.path)
    return frozenset({WELL_KNOWN, *(WELL_KNOWN + path.removesuffix("/") for path in paths)})


def metadata_reply(target: Target, directory: Directory, method: str, decision: str) -> Answer:
    """Write the document; a HEAD gets its headers alone."""
    document = {
        "resource": target.identifier,
        "authorization_servers": _authorization_servers(target, directory),
        "scopes_supported": sorted(_basic_scopes(target)),
        "bearer_methods_supported": ["header"],
    }
    headers = (
        ("content-type", "application/json"),
        ("cache-control", f"public, max-age={MAX_AGE}"),
        (DECISION, decision),
    )
    body = b"" if method == "HEAD" else json.dumps(document).encode("ascii")
    return Answer(200, headers, body)


def _authorization_servers(target: Target, directory: Directory) -> list[str]:
    """
    Give the issuers whose users the target understands and that may assert a scope of it.

    Others are nobody's business: a login there would not do.
    """
    plain, scopes = target.subjects.issuer, _scopes(target)
    issuers = [
        directory.issuers[name] for name in (directory.issuers if plain is None else (plain,))
    ]
    return [each.url for each in issuers if not scopes or each.scopes.within(scopes)]


def _scopes(target: Target) -> Scopes:
    return target.session_scopes.union(*(offer.scopes for offer in target.offers))


def _basic_scopes(target: Target) -> Scopes:
    """
    Give what a first login should ask for: a session, and what reads.

    A client asks for all that is listed here. What writes is asked for when it
    is wanted, by a challenge, so that users are not asked for everything at once.
    """
    reading = (offer.scopes for offer in target.offers if offer.action == "read")
    return target.session_scopes.union(*reading)
