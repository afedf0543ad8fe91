"""The words that documents are written in: strings with a grammar, each checked once.

Every type says in plain words what it expects; `parse` puts the place before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from authz.directory.routes import is_template
from authz.model.headers import COOKIE, CREDENTIALS, OURS
from authz.model.resource_uri import NotResourceUri, ResourceUri
from authz.model.scopes import is_scope
from authz.model.spiffe import NotSpiffe, SpiffeId, is_trust_domain

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DURATION = re.compile(r"(0|[1-9][0-9]{0,4})s")
_HEADER = re.compile(r"[a-z0-9-]{1,128}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?")
_METADATA_KEY = re.compile(r"x-[a-z0-9-]{1,126}")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_POINTER = re.compile(r"(/([^~/]|~0|~1)*)+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~!$&'()*+,;=:@/?%\[\]-]+")


KEPT = 4096
"""Words of each kind whose answer is kept: a world says the same scopes and names all over."""


def _expect(what: str, holds: Callable[[str], bool]) -> AfterValidator:
    known = lru_cache(KEPT)(holds)

    def check(text: str) -> str:
        if not known(text):
            raise PydanticCustomError("grammar", "expected {what}", {"what": what})
        return text

    return AfterValidator(check)


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return _URI.fullmatch(text) is not None and bool(parts.scheme and (parts.netloc or parts.path))


def _is_url(text: str) -> bool:
    has_host = _is_uri(text) and bool(urlsplit(text).hostname)
    return has_host and text.startswith(("https://", "http://")) and "?" not in text


def _is_spiffe(text: str) -> bool:
    try:
        SpiffeId.parse(text)
    except NotSpiffe:
        return False
    return True


def _is_spiffe_prefix(text: str) -> bool:
    return text.endswith("/") and _is_spiffe(text[:-1])


def _is_resource_uri(text: str) -> bool:
    try:
        ResourceUri.parse(text)
    except NotResourceUri:
        return False
    return True


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_scope_pattern(text: str) -> bool:
    return is_scope(text.removesuffix("*") or "*") and "*" not in text.removesuffix("*")


def _is_plain_scope(text: str) -> bool:
    return is_scope(text) and "*" not in text


def _is_tool_name(text: str) -> bool:
    return 0 < len(text) <= MAX_TOOL_NAME and text.isprintable() and text != "*"


QUALIFIED = "qualified"
"""`token.subjects: qualified`; no `Issuer` may have this name."""

MAX_TOOL_NAME = 128
MAX_LIFETIME = 300


def seconds(duration: str) -> int:
    """Give the seconds of a duration such as `60s`."""
    return int(duration.removesuffix("s"))


def _is_duration(text: str, least: int, most: int) -> bool:
    return _DURATION.fullmatch(text) is not None and least <= seconds(text) <= most


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


Label = Annotated[
    str,
    _expect(
        "a DNS label: a-z, 0-9 and '-', at most 63 characters",
        lambda text: LABEL.fullmatch(text) is not None,
    ),
]
Reference = Annotated[
    str,
    _expect(
        "a reference: namespace/name, or a bare name of the same namespace",
        lambda text: text.count("/") <= 1 and all(map(LABEL.fullmatch, text.split("/"))),
    ),
]
CallerPattern = Annotated[
    str,
    _expect(
        'an agent as namespace/name, or a whole namespace as "namespace/*"',
        lambda text: (
            text.count("/") <= 1 and all(map(LABEL.fullmatch, text.removesuffix("/*").split("/")))
        ),
    ),
]
Member = Annotated[
    str,
    _expect(
        "issuer/name",
        lambda text: (
            LABEL.fullmatch(text.partition("/")[0]) is not None and bool(text.partition("/")[2])
        ),
    ),
]
Scope = Annotated[
    str, _expect("one scope without '*' (only mayAssert.scopes has patterns)", _is_plain_scope)
]
ScopePattern = Annotated[str, _expect("one scope, which may end in '*'", _is_scope_pattern)]
TrustDomain = Annotated[str, _expect("a trust domain such as example.org", is_trust_domain)]
Spiffe = Annotated[str, _expect("a SPIFFE ID: spiffe://<trust domain>/<path>", _is_spiffe)]
SpiffePrefix = Annotated[
    str,
    _expect("a SPIFFE prefix that ends in '/': spiffe://<trust domain>/<path>/", _is_spiffe_prefix),
]
Uri = Annotated[str, _expect("an absolute URI without a fragment", _is_uri)]
Url = Annotated[str, _expect("an http or https URL without query and fragment", _is_url)]
ResourceUriText = Annotated[
    str,
    _expect(
        "a URI such as docs://handbook, in one spelling, or a template such as docs://pages/{page}"
        " whose variables are whole segments",
        _is_resource_uri,
    ),
]
Host = Annotated[
    str, _expect("a host name in lower case", lambda text: _HOST.fullmatch(text) is not None)
]
UrlPath = Annotated[
    str,
    _expect(
        "an absolute path, normalised and without a query",
        lambda text: (
            _PATH.fullmatch(text) is not None
            and "//" not in text
            and not {".", ".."} & set(text.split("/"))
        ),
    ),
]
PathTemplate = Annotated[
    str,
    _expect(
        "a path such as /items/{id}: each segment a variable in braces, or letters, digits and"
        " any of '.', '_', '~', '-'; no '/' at its end",
        is_template,
    ),
]
HeaderName = Annotated[
    str,
    _expect(
        "a header name in lower case, of none that carries a credential or is the gate's own",
        lambda text: (
            _HEADER.fullmatch(text) is not None and text not in (*OURS, *CREDENTIALS, COOKIE)
        ),
    ),
]
MetadataKey = Annotated[
    str,
    _expect(
        "a key of gRPC metadata in lower case that begins with x-, of none that Envoy itself sends",
        lambda text: (
            _METADATA_KEY.fullmatch(text) is not None
            and not text.startswith(("x-envoy-", "x-forwarded-", "x-request-"))
            and not text.endswith("-bin")
        ),
    ),
]
Pointer = Annotated[
    str, _expect("a JSON Pointer such as /query", lambda text: _POINTER.fullmatch(text) is not None)
]
Zone = Annotated[str, _expect("a time zone such as UTC or Europe/Berlin", _is_zone)]


def _duration(least: int, most: int) -> AfterValidator:
    what = f"whole seconds from {least}s to {most}s"
    return _expect(what, lambda text: _is_duration(text, least, most))


Lifetime = Annotated[str, _duration(1, MAX_LIFETIME)]
FreshFor = Annotated[str, _duration(60, 900)]
"""A key that was taken back still counts this long, so it is bounded; and so is the asking."""

StaleFor = Annotated[str, _duration(0, 86_400)]
BelievedFor = Annotated[str, _duration(0, MAX_LIFETIME)]
Network = Annotated[
    str, _expect("a network such as 10.0.0.0/8, or one address with /32 or /128", _is_network)
]
ToolName = Annotated[
    str, _expect(f"a name of 1 to {MAX_TOOL_NAME} printable characters, not '*'", _is_tool_name)
]
ToolChoice = ToolName | Literal["*"]
Text = Annotated[
    str,
    _expect(
        "a text that is not empty, without control characters",
        lambda text: bool(text.strip()) and not _CONTROL.search(text),
    ),
]
