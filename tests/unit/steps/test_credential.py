"""`steps.credential`: an answer to a question is what was asked for, or a fault."""

from __future__ import annotations

import pytest

from authz.model.instant import Instant
from authz.model.needs import IntrospectionNeeded
from authz.model.outcome import NO_ANSWERS, Answers, Refused
from authz.model.reasons import Reason
from authz.server.decision_point import DecisionPoint
from authz.steps.credential import prove_bearer
from authz.steps.given import Given
from authz.wire.check import unread_call
from tests.support.keys import sign
from tests.support.values import replace


def test_odd_answer(decision_point: DecisionPoint) -> None:
    """What is no answer to an introspection proves nothing, and is not taken for a bad token."""
    world = decision_point.world
    directory = replace(world.directory, introspecting=world.directory.issuers["corp"])
    answers: Answers = {IntrospectionNeeded("corp", "opaque"): object()}
    call = unread_call("out", decision="d", new_trace="t")
    given = Given(call, replace(world, directory=directory), Instant(1), answers)

    with pytest.raises(TypeError):
        prove_bearer("Bearer opaque", given, None, ours=None)


def test_unknown_key_of_a_file(decision_point: DecisionPoint) -> None:
    """A key that is not in an issuer's file is nowhere: nothing has to be found out first."""
    world = decision_point.world
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "corp-9"}
    token = sign("corp-9", header, b'{"iss":"https://idp.example.com"}')
    given = Given(unread_call("out", decision="d", new_trace="t"), world, Instant(1), NO_ANSWERS)
    answer = prove_bearer(f"Bearer {token}", given, None, ours=None)

    assert isinstance(answer, Refused)
    assert answer.reason is Reason.CREDENTIAL_INVALID
