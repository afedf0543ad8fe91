"""Where a target's protected-resource metadata is found (RFC 9728 section 3.1)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

WELL_KNOWN = "/.well-known/oauth-protected-resource"


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
