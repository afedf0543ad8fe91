"""The worked world's policies, and suites of cases about them as text."""

from __future__ import annotations

from functools import cache

from authz.directory.compiled import Directory
from authz.directory.suites import read_suites
from authz.policy.compiled import Policies
from authz.rehearsal.cases import Rehearsed, questions_of
from authz.rehearsal.run import Result, run
from authz.sources.declared import read_policies
from tests.support.worlds import WORLD

FILE = "tests/a.test.yaml"
SOUND = """\
now: "2026-06-03T10:00:00Z"
users:
  frank: {id: corp/frank, groups: [finance], scopes: ["payments:refund"], authenticated: now-5m}
agents: {payer: finance/payer}
cases:
  - name: a refund
    as: [frank, payer]
    call: finance/payments/refund
    args: {order: o, amount: 20.5, currency: EUR}
    expect: allow
  - name: too much
    like: a refund
    args: {amount: 700}
    expect: no_permit
    fails_at: refund-user
"""


@cache
def world() -> tuple[Directory, Policies]:
    """Load the worked world once."""
    directory, policies, _ = read_policies(WORLD)
    return directory, policies


def rehearsed(text: str) -> tuple[Rehearsed, ...]:
    """Give the questions of a suite."""
    return questions_of(read_suites({FILE: text.encode()}), *world())


def results(text: str) -> tuple[Result, ...]:
    """Hold the policies against a suite."""
    return tuple(run(rehearsed(text), world()[1]))
