"""An issuer's metadata: OpenID Connect Discovery 1.0 section 4, else RFC 8414 section 3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from authz.model.instant import Instant
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json
from authz.sources.believed import BelievedAnswers
from authz.sources.fetch import Exchanges, FetchFailed
from authz.sources.single_flight import SingleFlights

MAX_BYTES = 256 * 1024
BELIEVED_SECONDS = 600

NOT_FOUND = 404
_OPENID = "/.well-known/openid-configuration"
_OAUTH = "/.well-known/oauth-authorization-server"


class Metadata:
    """
    What one issuer says about itself.

    An endpoint may be on another host than the issuer, as those of large
    providers are: who can write this document can also name the keys that
    sign, so a host of its choice gives it no more. But an issuer that is
    reached by TLS cannot send us where there is none.
    """

    def __init__(self, issuer: str, exchanges: Exchanges, clock: Callable[[], Instant]) -> None:
        """Ask nobody yet; *issuer* is the exact `iss`."""
        self._issuer = issuer
        self._exchanges = exchanges
        self._clock = clock
        self._flights = SingleFlights[Mapping[str, JSON]]()
        self._believed = BelievedAnswers[Mapping[str, JSON]](1, clock)

    async def endpoint(self, member: str) -> str:
        """
        Give the URL in *member*, such as `jwks_uri`; asks at most once in `BELIEVED_SECONDS`.

        Raises:
            FetchFailed: no document, one of another issuer, or no such URL in it.
        """
        document = await self._document()
        url = document.get(member)
        if not isinstance(url, str):
            raise FetchFailed(f"its metadata has no {member}")
        if _is_tls(self._issuer) and not _is_tls(url):
            raise FetchFailed(f"the {member} of its metadata is no https URL")
        return url

    async def _document(self) -> Mapping[str, JSON]:
        known = await self._believed.find(self._issuer)
        return known or await self._flights.join(self._issuer, self._ask)

    async def _ask(self) -> Mapping[str, JSON]:
        asked = self._clock()
        document = self._checked(await self._fetch())
        until = Instant(asked + BELIEVED_SECONDS)
        await self._believed.keep(self._issuer, document, asked, until)
        return document

    async def _fetch(self) -> bytes:
        first, second = places(self._issuer)
        try:
            return (await self._exchanges.get(first, MAX_BYTES)).body
        except FetchFailed as error:
            if error.status != NOT_FOUND:
                raise
        return (await self._exchanges.get(second, MAX_BYTES)).body

    def _checked(self, text: bytes) -> Mapping[str, JSON]:
        try:
            document = read_json(text)
        except (NotJSON, AmbiguousJSON) as error:
            raise FetchFailed(f"its metadata cannot be read: {error}") from None
        if not isinstance(document, dict):
            raise FetchFailed("its metadata is no JSON object")
        if document.get("issuer") != self._issuer:
            # RFC 8414 section 3.3: identical, to the byte, or it is another's.
            raise FetchFailed("its metadata names another issuer")
        return document


def places(issuer: str) -> tuple[str, str]:
    """Give where the metadata of *issuer* is asked for: OpenID's place, then OAuth's."""
    parts = urlsplit(issuer)
    path = parts.path.rstrip("/")
    root = f"{parts.scheme}://{parts.netloc}"
    return f"{root}{path}{_OPENID}", f"{root}{_OAUTH}{path}"


def _is_tls(url: str) -> bool:
    return urlsplit(url).scheme == "https"
