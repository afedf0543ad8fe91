"""`server.pyvoy`: what stands on the wire, and what Envoy is told, without an Envoy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.server.pyvoy.bootstrap import (
    ARRIVED,
    PEER,
    Place,
    bootstrap,
    listener,
    mutual_tls,
    own_certificate,
    pipe,
)
from authz.server.pyvoy.frames import (
    HEAD,
    MAX_MESSAGE_BYTES,
    NoFrame,
    framed,
    only_message,
    seconds_of,
)
from authz.server.pyvoy.host import Message
from authz.server.pyvoy.wire import Asked, Gone, messages, whole

PLACE = Place(Path("/nobody/elses"), Path("/lib/module.so"))


@given(st.binary(max_size=200))
def test_a_message_comes_back_from_its_frame(message: bytes) -> None:
    assert only_message(framed(message)) == message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0\0",
        framed(b"cut off")[:-1],
        framed(b"longer") + b"x",
        framed(b"one") + framed(b"two"),
        b"\1" + framed(b"compressed")[1:],
        b"\xff" + framed(b"flags")[1:],
        b"\0" + (MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"),
        b"\0\xff\xff\xff\xff",
    ],
)
def test_what_is_no_message(body: bytes) -> None:
    """What is cut off, too long, compressed, or more than one message is refused, not guessed."""
    with pytest.raises(NoFrame):
        only_message(body)


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        ("1S", 1.0),
        ("1500m", 1.5),
        ("2000000u", 2.0),
        ("99999999n", 0.099999999),
        ("1M", 60.0),
        ("1H", 3600.0),
        ("", None),
        ("S", None),
        ("1", None),
        ("1s", None),
        ("-1S", None),
        ("1.5S", None),
        ("999999999S", None),
        ("\u0661S", None),
    ],
)
def test_timeouts(timeout: str, seconds: float | None) -> None:
    """`grpc-timeout` is at most eight digits and a unit."""
    assert seconds_of(timeout) == (None if seconds is None else pytest.approx(seconds))


class Sent:
    """What a caller sends, message by message."""

    def __init__(self, parts: Iterable[bytes], is_whole: bool = True) -> None:  # noqa: FBT001, FBT002
        *before, last = parts
        self._messages: list[Message] = [
            {"type": "http.request", "body": part, "more_body": True} for part in before
        ]
        end: Message = {"type": "http.request", "body": last, "more_body": False}
        self._messages.append(end if is_whole else {"type": "http.disconnect"})

    async def __call__(self) -> Message:
        """Give the next one."""
        return self._messages.pop(0)


@given(st.lists(st.binary(max_size=20), max_size=5), st.integers(1, 12))
def test_messages_however_they_are_cut(sent: list[bytes], size: int) -> None:
    """The messages of a call are the same wherever the network cuts them."""
    body = b"".join(map(framed, sent))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]

    async def read() -> list[bytes]:
        return [message async for message in messages(Sent(parts))]

    assert asyncio.run(read()) == sent
    assert asyncio.run(whole(Sent(parts))) == body


def test_who_goes_is_not_answered() -> None:
    """A body that ends early is not taken for a whole one."""
    with pytest.raises(Gone):
        asyncio.run(whole(Sent([framed(b"whole"), b""], is_whole=False)))


def test_bodies_are_bounded() -> None:
    """What is longer than a message may be is not kept to its end."""
    sent = Sent([b"x" * HEAD, *[b"x" * MAX_MESSAGE_BYTES] * 2, b"never read"])

    with pytest.raises(NoFrame):
        asyncio.run(whole(sent))
    assert asyncio.run(sent())["body"] == b"never read"


def test_what_a_call_says() -> None:
    """Metadata is joined as by the other front; what belongs to gRPC or is Envoy's is not in it."""
    asked = Asked.read(
        [
            (b"te", b"trailers"),
            (b"x-key", b"one"),
            (b"grpc-timeout", b"2S"),
            (b"x-key", b"two"),
            (b"x-key-bin", b"AAE="),
            (b"x-odd", "é".encode()),
            (b"x-odder", b"\xe9"),
            (PEER.encode(), b"spiffe://example.org/envoy"),
            (ARRIVED.encode(), b"100.250000"),
        ]
    )

    assert asked.metadata == {"x-key": "one,two", "x-odd": "é", "x-odder": "é"}
    assert asked.peer == b"spiffe://example.org/envoy"
    assert asked.remaining(101.25) == pytest.approx(1.0)
    assert asked.waited(99.0) == 0.0


def test_what_envoy_is_told() -> None:
    """No administration, nobody to call, no log, HTTP/2 alone, and an address for one process."""
    start = bootstrap(PLACE, "module:started")
    opened = listener(PLACE, "out", pipe(Path("/run/out.sock")), "module:app")
    (chain,) = opened["filter_chains"]
    manager = chain["filters"][0]["typed_config"]

    assert "admin" not in start
    assert "clusters" not in start["static_resources"]
    assert start["static_resources"]["listeners"][0]["bind_to_port"] is False
    assert opened["enable_reuse_port"] is False
    assert (manager["codec_type"], "access_log" in manager) == ("HTTP2", False)


def test_what_only_envoy_says() -> None:
    """What names the peer is removed as it came, and written by Envoy, before Python reads it."""
    opened = listener(PLACE, "out", pipe(Path("/run/out.sock")), "module:app")
    filters = opened["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
    mutations = filters[1]["typed_config"]["mutations"]["request_mutations"]

    assert [each["name"] for each in filters] == ["paths", "facts", "python"]
    assert [each["remove"] for each in mutations[:2]] == [PEER, ARRIVED]
    assert [each["append"]["header"]["key"] for each in mutations[2:]] == [PEER, ARRIVED]
    actions = {each["append"]["append_action"] for each in mutations[2:]}
    assert actions == {"OVERWRITE_IF_EXISTS_OR_ADD"}


def test_tls_is_mutual_and_keys_stay_in_their_files() -> None:
    """A certificate is required of callers; of our own key only its place is told."""
    tls = mutual_tls(PLACE, "own", "roots")["typed_config"]
    secret = json.dumps(own_certificate("own", "CHAIN", Path("/keys/gate.key")))

    assert tls["require_client_certificate"] is True
    assert tls["common_tls_context"]["alpn_protocols"] == ["h2"]
    assert '"private_key": {"filename": "/keys/gate.key"}' in secret
