"""The one exception of this room, and how it becomes a refusal of step 1."""

from __future__ import annotations

from authz.model.outcome import Malformed, Refused
from authz.model.reasons import Reason


class Unreadable(Exception):
    """A message that is refused before anybody is asked who sent it."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.detail)


def not_json(detail: str) -> Unreadable:
    """The bytes are no JSON value."""
    return Unreadable(Refused(Reason.UNREADABLE_REQUEST, detail, Malformed.NOT_JSON))


def no_message(detail: str) -> Unreadable:
    """The bytes are JSON, but no JSON-RPC message."""
    return Unreadable(Refused(Reason.UNREADABLE_REQUEST, detail, Malformed.NOT_ONE_MEANING))


def ambiguous(detail: str) -> Unreadable:
    """Two readers of the bytes could take them for two requests."""
    return Unreadable(Refused(Reason.AMBIGUOUS_REQUEST, detail, Malformed.NOT_ONE_MEANING))


def mismatch(detail: str, request_id: int | str | None) -> Unreadable:
    """A mirrored header says something else than the body."""
    return Unreadable(
        Refused(Reason.AMBIGUOUS_REQUEST, detail, Malformed.HEADER_MISMATCH, request_id)
    )
