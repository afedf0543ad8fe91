"""The refusal that is made once is the one that would be worked out each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from authz._proto.external_auth_pb2 import CheckResponse
from authz.audit.describe import describe
from authz.model.call import Arrival
from authz.model.instant import LATEST, Instant
from authz.model.outcome import Facts
from authz.outcomes import overloaded
from authz.server.blanks import blank_refusal
from authz.wire.check import unread_call, write_refusal

IDS = st.integers(0, 2**128 - 1).map("{:032x}".format)
LISTENERS = st.sampled_from(["out", "in"])


@given(IDS, IDS, LISTENERS, st.integers(0, LATEST).map(Instant))
def test_filled_in(decision: str, trace: str, listener: str, now: Instant) -> None:
    """Answer and record are those of the same refusal made from the start, to the byte."""
    outcome = overloaded(Facts(unread_call(listener, decision=decision, new_trace=trace)))
    blank = blank_refusal(listener)
    record = blank.record(Arrival(listener, decision, trace), "0123456789abcdef", now)
    wanted = describe(outcome, now, "0123456789abcdef", {})

    assert blank.response(decision) == write_refusal(outcome.answer)
    assert list(record.items()) == list(wanted.items())


def test_each_has_its_own_id() -> None:
    """The place that is filled in is nobody's id."""
    answer = blank_refusal("out").response("0" * 32)

    assert b"f" * 32 not in answer
    assert CheckResponse.FromString(answer).denied_response.status.code == 503
