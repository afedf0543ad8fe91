"""Suites of cases: read strictly, their names looked up, what they inherit and ask."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from authz.directory.diagnostics import InvalidWorld
from authz.model.principals import UserId
from tests.unit.rehearsal.worked import FILE, SOUND, rehearsed, results

MISTAKES: tuple[tuple[str, str, str, str, str], ...] = (
    # what is replaced, by what, where, what is said, the way out
    ("cases:\n", "casses:\n", "5:1", "'casses' is not a member here", "did you mean 'cases'?"),
    ("    expect: allow", "    expct: allow", "6:5", "expect is missing", ""),
    ("expect: allow", "expect: alow", "10:13", "expect: expected", "did you mean 'allow'?"),
    ("expect: allow", "expect: suspended", "10:13", "expect: expected", ""),
    ("fails_at: refund", "failsAt: refund", "15:5", "'failsAt' is not a member", "fails_at"),
    ("amount: 700}", "amount: 700, amount: 1}", "13:25", "stands twice", ""),
    ('now: "2026', 'now: "26', "1:6", "now: expected a time", ""),
    ("now: ", "now: 2026 # ", "1:6", "now: expected a string", "quote it"),
    ("now-5m", "5 minutes ago", "3:90", "authenticated: expected a time", ""),
    ("id: corp/frank", "id: frank", "3:15", "id: expected issuer/name", ""),
    ("now-5m", "now-5m, acr: a, level: 2", "3:10", "exactly one of acr, level", ""),
    ("like: a refund", "like: a refnd", "12:11", "no case before this one", "'a refund'"),
    ("name: too much", "name: a refund", "11:11", "'a refund' stands twice", ""),
    ("    as: [frank, payer]\n", "", "6:5", "as is missing", ""),
    ("    call: finance/payments/refund\n", "", "6:5", "call is missing", "session"),
    (
        "    like: a refund\n",
        "    like: a refund\n    call: a\n    session: b\n",
        "14:14",
        "a case has call, get, read or session; call is there already",
        "",
    ),
    ("expect: no_permit", "expect: allow", "15:15", "nothing fails at a policy", ""),
    ("agents: {", "agents: {frank: finance/payer, ", "4:10", "is a user's name as well", ""),
    ("corp/frank", "crop/frank", "3:15", "there is no Issuer crop", "did you mean 'corp'?"),
    ("[finance]", "[financ]", "3:36", "may not assert the group financ", "'finance'"),
    ("now-5m", 'now-5m, acr: "x"', "3:103", "declares no level of the acr x", ""),
    ("payer: finance/payer", "payer: finance/pay", "4:17", "the Agent finance/pay", "payer"),
    ("as: [frank, payer]", "as: [franc, payer]", "7:10", "nobody here is named franc", "'frank'"),
    ("as: [frank, payer]", "as: [payer, frank]", "7:17", "frank is a user", "stands first"),
    ("as: [frank, payer]", "as: [frank]", "7:9", "no agent asks", ""),
    ("finance/payments/refund", "finance/payment/refund", "8:11", "the target", "payments"),
    ("payments/refund", "payments/refnd", "8:11", "declares no tool refnd", "'refund'"),
    ("    args: {order", "    headers: {x-a: b}\n    args: {order", "9:15", "header x-a", ""),
    ("fails_at: refund-user", "fails_at: refund-usr", "15:15", "no policy refund-usr", "-user"),
)


@pytest.mark.parametrize(("find", "write", "place", "says", "hint"), MISTAKES, ids=str)
def test_mistake(find: str, write: str, place: str, says: str, hint: str) -> None:
    """Whatever is wrong in a file of tests is told where it stands, with the way out."""
    assert find in SOUND

    with pytest.raises(InvalidWorld) as invalid:
        rehearsed(SOUND.replace(find, write, 1))

    told = [row for row in invalid.value.diagnostics if says in row.message]
    assert [str(row.position) for row in told] == [f"{FILE}:{place}"], invalid.value
    assert hint in told[0].hint


def test_what_is_inherited() -> None:
    """A case has what the one that it is like has; arguments are inherited one by one."""
    _, case = rehearsed(SOUND)

    assert case.question.arguments == {"order": "o", "amount": 700, "currency": "EUR"}
    assert [hop.agent for hop in case.question.hops] == ["finance/payer"]
    assert (case.case.expect, case.case.fails_at) == ("no_permit", "refund-user")


def test_a_user_has_the_standing_of_a_login() -> None:
    """Groups are the issuer's, roles the directory's, scopes within both, times before `now`."""
    change = 'scopes: ["payments:refund", "docs:write", "unknown"], acr: "urn:example:mfa"'
    first = rehearsed(SOUND.replace('scopes: ["payments:refund"]', change))[0].question

    assert first.user is not None
    assert first.user.user == UserId("corp", "frank")
    assert first.user.groups == {"corp/finance"}
    assert first.user.roles == {"finance/clerk"}
    assert first.user_scopes == first.user.carries == {"payments:refund"}
    assert first.user.authentication.level == 2
    assert first.now - first.user.authentication.time == 300


def test_agents_in_the_order_of_the_call() -> None:
    """The last agent is the caller: the first hop of the chain."""
    text = SOUND.replace("[frank, payer]", "[frank, research/desk, payer]")

    hops = rehearsed(text)[0].question.hops

    assert [hop.agent for hop in hops] == ["finance/payer", "research/desk"]


def test_session() -> None:
    """A session is asked about a server, and a case may turn from a call to it."""
    text = SOUND + "  - {name: s, like: a refund, session: tools/docs, expect: allow}\n"

    question = rehearsed(text)[-1].question

    assert (question.target.name, question.offer, question.arguments) == ("tools/docs", None, None)


def test_numbers_as_in_a_body() -> None:
    """Arguments are what the same JSON would be: no binary fractions."""
    (first, _) = rehearsed(SOUND)

    assert first.question.arguments is not None
    assert first.question.arguments["amount"] == Decimal("20.5")


def test_the_example_of_the_reference() -> None:
    """The file of cases that the reference shows is one, and is as it says."""
    page = (Path(__file__).parents[3] / "docs/policy-tests.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)

    assert [result.is_as_expected for result in results(example)] == [True, True]
