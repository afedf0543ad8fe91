"""gRPC messages on the wire: a byte of flags, four of length, and the message.

Source: gRPC over HTTP/2, "Length-Prefixed-Message".
"""

from __future__ import annotations

HEAD = 5
MAX_MESSAGE_BYTES = 64 * 1024 * 1024
UNCOMPRESSED = 0

_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_MAX_DIGITS = 8


class NoFrame(ValueError):
    """The bytes are no message as it stands in gRPC; why is in the text, which quotes nothing."""


def framed(message: bytes) -> bytes:
    """Write *message* as one frame, not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def only_message(body: bytes) -> bytes:
    """
    Read the message of a unary call from its whole *body*.

    Raises:
        NoFrame: it is compressed, cut off, or not the only one.
    """
    if length_of(body) != len(body) - HEAD:
        raise NoFrame("the message is not as long as its frame says")
    return body[HEAD:]


def length_of(body: bytes) -> int:
    """
    Read the head of the frame that *body* begins with: the length of its message.

    Raises:
        NoFrame: there is no whole head, or the message is compressed or too long.
    """
    if len(body) < HEAD:
        raise NoFrame("there is no whole frame")
    if body[0] != UNCOMPRESSED:
        raise NoFrame("the message is compressed, which is not offered here")
    length = int.from_bytes(body[1:HEAD], "big")
    if length > MAX_MESSAGE_BYTES:
        raise NoFrame("the message is too long")
    return length


def seconds_of(timeout: str) -> float | None:
    """Read `grpc-timeout`; None where it is none."""
    digits, unit = timeout[:-1], _UNITS.get(timeout[-1:])
    if unit is None or not digits.isascii() or not digits.isdigit() or len(digits) > _MAX_DIGITS:
        return None
    return int(digits) * unit
