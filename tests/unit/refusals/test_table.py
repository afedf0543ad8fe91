"""`refusals.table`: complete, and by the contract's status, code and word for each reason."""

from __future__ import annotations

import re

import pytest

from authz.model.outcome import Malformed
from authz.model.reasons import Reason
from authz.refusals.table import DENIED_SENTENCE, MALFORMED_CODES, ROWS, Family, Told

CONTRACT: tuple[tuple[int, Told, set[str]], ...] = (
    (400, Told.INVALID, {"unreadable_request", "ambiguous_request", "body_missing"}),
    (413, Told.INVALID, {"body_truncated"}),
    (
        401,
        Told.DENIED,
        {
            "workload_unidentified",
            "workload_untrusted",
            "credential_missing",
            "credential_invalid",
            "step_up_required",
        },
    ),
    (
        403,
        Told.DENIED,
        {
            "agent_undeclared",
            "agent_lacks_scope",
            "bad_argument",
            "chain_refused",
            "connection_undeclared",
            "credential_not_yours",
            "forbidden",
            "insufficient_scope",
            "method_unknown",
            "no_permit",
            "operation_undeclared",
            "policy_error",
            "policy_withholds_scope",
            "suspended",
            "target_unknown",
            "token_too_wide",
            "tool_quarantined",
            "user_lacks_scope",
        },
    ),
    (403, Told.PENDING, {"consent_required", "approval_pending"}),
    (503, Told.UNAVAILABLE, {"fault", "overloaded"}),
)
"""design.md 3 and 12: status and word of every reason."""

OWN_SENTENCE = {"insufficient_scope", "step_up_required", "consent_required", "approval_pending"}


def test_every_reason_but_allow_has_a_row() -> None:
    """The table is complete, and an allow is not in it."""
    assert ROWS.keys() == set(Reason) - {Reason.ALLOW}


@pytest.mark.parametrize(("status", "told", "reasons"), CONTRACT)
def test_status_and_word(status: int, told: Told, reasons: set[str]) -> None:
    """Each reason has the status and the one word that the contract gives it."""
    found = {
        str(reason) for reason, row in ROWS.items() if (row.status, row.told) == (status, told)
    }

    assert found == reasons


def test_one_sentence_serves_every_denial() -> None:
    """A no to an identified agent has one sentence, but where somebody can cure it."""
    other = {
        str(reason)
        for reason, row in ROWS.items()
        if row.family in (Family.DENIED, Family.UNROUTED, Family.STRANGER)
        and row.sentence != DENIED_SENTENCE
    }

    assert other == OWN_SENTENCE


def test_only_a_missing_scope_is_named() -> None:
    """No other sentence has a place for something of the request."""
    placed = {str(reason) for reason, row in ROWS.items() if "{" in row.sentence}

    assert placed == {"insufficient_scope"}


def test_sentences_say_no_reason() -> None:
    """The table's code never stands in what a caller reads."""
    for row in ROWS.values():
        words = set(re.findall(r"\w+", row.sentence))
        assert words.isdisjoint(map(str, Reason))
        assert row.told in set(Told)


def test_codes_of_a_400() -> None:
    """Only what is no JSON, and what a mirrored header contradicts, has a code of its own."""
    assert {kind: code for kind, (code, _) in MALFORMED_CODES.items()} == {
        Malformed.NOT_JSON: -32700,
        Malformed.NOT_ONE_MEANING: -32600,
        Malformed.HEADER_MISMATCH: -32020,
    }
