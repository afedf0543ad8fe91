"""Where a target's protected-resource metadata is found (RFC 9728 section 3.1)."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

WELL_KNOWN = "/.well-known/oauth-protected-resource"


def metadata_url(audience: str) -> str:
    """Insert the well-known path between host and path of *audience*, safe in a quoted string."""
    parts = urlsplit(audience)
    path = "" if parts.path == "/" else parts.path
    url = urlunsplit((parts.scheme, parts.netloc, WELL_KNOWN + path, parts.query, ""))
    return quote(url, safe=":/?&=@[]!$'()*+,;%~-._")
