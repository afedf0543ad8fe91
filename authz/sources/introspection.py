"""Asking an issuer what an opaque token says (RFC 7662), at most as often as it must be."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote_plus

from authz.directory.compiled import Introspection
from authz.model.instant import LATEST, Instant
from authz.model.needs import Inactive, Introspected, Unanswered
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json
from authz.sources.believed import BelievedAnswers
from authz.sources.fetch import FetchFailed
from authz.sources.folder import read_file
from authz.sources.peer import Peer
from authz.sources.single_flight import SingleFlights

MAX_BYTES = 64 * 1024
MAX_SECRET_BYTES = 4096
MAX_ENTRIES = 10_000
"""Answers that are kept, of one issuer."""

MAX_KEPT = 8 * 1024
"""Bytes of an answer that is kept; of a token with a longer one the issuer is asked each time."""

MAX_UNDER_WAY = 32
"""Questions to one issuer at once; who comes beyond is not answered."""

INACTIVE_SECONDS = 5
"""A token may become active, or have been asked about before its issuer's replicas knew it."""

Told = Introspected | Inactive | Unanswered


class SecretUnreadable(Exception):
    """The file with our secret cannot be used; the message does not quote it."""


class OpaqueTokens:
    """
    Opaque tokens of one issuer. To be used within one event loop.

    An answer is believed for no longer than the document allows, and than the
    token lasts. Answers are found by the token's SHA-256; no token is kept.
    They are kept as they came: read, an answer can take twenty times the room.
    """

    def __init__(self, peer: Peer, introspection: Introspection, home: Path) -> None:
        """Ask nobody yet; the secret's file is looked for from *home*."""
        self._peer = peer
        self._introspection = introspection
        self._secret_file = home / introspection.secret_file
        self._believed = BelievedAnswers[bytes](MAX_ENTRIES, peer.clock)
        self._flights = SingleFlights[Told]()
        self._failing = False
        self.why_not = ""
        """Why the issuer did not answer the last question; empty where it did."""

    async def ask(self, token: str) -> Told:
        """Say what the issuer says about *token*, now or a moment ago."""
        key = hashlib.sha256(token.encode("utf-8")).hexdigest()
        known = await self._believed.find(key)
        if known is not None:
            return read_answer(known)
        if key not in self._flights and len(self._flights) >= MAX_UNDER_WAY:
            return Unanswered("too many questions to the issuer are under way")
        return await self._flights.join(key, lambda: self._ask_issuer(key, token))

    async def _ask_issuer(self, key: str, token: str) -> Told:
        asked = self._peer.clock()
        try:
            text = await self._exchange(token)
            told = read_answer(text)
        except (FetchFailed, SecretUnreadable) as error:
            return self._unanswered(str(error))
        self.why_not = ""
        if self._failing:
            self._failing = False
            self._peer.log.info("introspection_answers")
        if len(text) <= MAX_KEPT:
            await self._believed.keep(key, text, asked, self._believed_until(told, asked))
        return told

    async def _exchange(self, token: str) -> bytes:
        credential = basic_credential(self._introspection.client_id, read_secret(self._secret_file))
        url = self._introspection.url or await self._peer.metadata.endpoint(
            "introspection_endpoint"
        )
        answer = await self._peer.exchanges.post(
            url, MAX_BYTES, {"token": token}, {"authorization": credential}
        )
        return answer.body

    def _believed_until(self, told: Introspected | Inactive, asked: Instant) -> Instant:
        seconds = self._introspection.max_age
        match told:
            case Inactive():
                return Instant(asked + min(seconds, INACTIVE_SECONDS))
            case Introspected(members):
                return Instant(min(asked + seconds, expiry(members, asked)))

    def _unanswered(self, why: str) -> Unanswered:
        self.why_not = why
        if not self._failing:
            self._failing = True
            self._peer.log.warning("introspection_fails", why=why)
        return Unanswered(f"the issuer was not heard about a token: {why}")


def read_answer(text: bytes) -> Introspected | Inactive:
    """
    Read an introspection response (RFC 7662 section 2.2).

    Raises:
        FetchFailed: it is none, or its `active` is neither true nor false.
    """
    try:
        members = read_json(text)
    except (NotJSON, AmbiguousJSON) as error:
        raise FetchFailed(f"its answer cannot be read: {error}") from None
    if isinstance(members, dict):
        match members.get("active"):
            case True:
                return Introspected(members)
            case False:
                return Inactive()
    raise FetchFailed("its answer does not say whether the token is active")


def expiry(members: Mapping[str, JSON], asked: Instant) -> Instant:
    """Give when the token ends; *asked*, so that nothing is kept, where `exp` is no time."""
    exp = members.get("exp")
    if exp is None:
        return LATEST
    if not isinstance(exp, int | Decimal):
        return asked
    return Instant(int(min(max(exp, 0), LATEST)))


def basic_credential(client_id: str, secret: str) -> str:
    """Give the `authorization` of our client; both halves are encoded (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id, safe='')}:{quote_plus(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"


def read_secret(path: Path) -> str:
    """
    Read a secret; one line break at its end is not part of it.

    It is read at every use, so that one that is replaced counts at once.

    Raises:
        SecretUnreadable: missing, empty, too long, or no UTF-8.
    """
    try:
        text = read_file(path)
        secret = text.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, ValueError) as error:
        why = type(error).__name__
    else:
        if secret and len(text) <= MAX_SECRET_BYTES:
            return secret
        why = "it is empty or too long"
    # Outside of the handler: an exception of the decoder holds the bytes.
    raise SecretUnreadable(f"the file with our secret cannot be used: {why}")
