"""What is asked of a gate: kinds of decisions, each with its Checks and how it must end.

A scenario is told by a stream of Checks. Where all are the same, the second one
finds what the first left behind (a token seen, legs kept): that is a warm decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

from bench.own.checks import NOW, USER, check, message, token_of, tool_call

SEARCH = tool_call("search", query="tides of the north sea")
TRANSFER = tool_call("transfer", order="o-1", amount=20.5, currency="EUR")


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of decision."""

    name: str
    reason: str
    """What every decision of it is recorded with; `Reason` lists them."""

    make: Callable[[int], bytes]
    """The Check of a number. The same number gives the same; numbers are asked once each."""

    is_cold: bool = False
    """Its Checks differ, so that nothing kept for one serves the next."""

    def checks(self, start: int, count: int) -> list[bytes]:
        """Give *count* Checks from number *start* on."""
        if self.is_cold:
            return [self.make(number) for number in range(start, start + count)]
        return [self.make(0)] * count


@cache
def _token() -> str:
    """Give the token that most ask with; who signs anew gets another one."""
    return token_of()


def _new_token(number: int) -> bytes:
    return check(SEARCH, token_of(USER, number))


def _new_user(number: int) -> bytes:
    return check(SEARCH, token_of(f"stranger-{number}", number))


def _new_arguments(number: int) -> bytes:
    body = tool_call("transfer", order=f"o-{number}", amount=20.5, currency="EUR")
    return check(body, _token())


def _new_challenge(number: int) -> bytes:
    """Nobody is challenged twice for one credential, so each needs another."""
    return check(tool_call("erase", page="p"), token_of(USER, number), agent="desk")


def _same(build: Callable[[], bytes], number: int) -> bytes:
    del number
    return build()


def _warm(name: str, reason: str, build: Callable[[], bytes]) -> Scenario:
    # Whatever it signs is signed once: a Check with another signature is not the same.
    return Scenario(name, reason, partial(_same, cache(build)))


_ALL = (
    _warm("allow", "allow", lambda: check(SEARCH, _token(), "tools/plain")),
    _warm("allow, mint", "allow", lambda: check(SEARCH, _token())),
    _warm("reads arguments", "allow", lambda: check(TRANSFER, _token())),
    Scenario("reads new arguments", "allow", _new_arguments, is_cold=True),
    Scenario("new token", "allow", _new_token, is_cold=True),
    Scenario("new user", "allow", _new_user, is_cold=True),
    _warm("list", "allow", lambda: check(message("tools/list"), _token())),
    _warm("session", "allow", lambda: check(message("ping"), None)),
    _warm("refused: no credential", "credential_missing", lambda: check(SEARCH, None)),
    _warm("refused: expired", "credential_invalid", lambda: check(SEARCH, token_of(exp=NOW - 100))),
    _warm(
        "refused: forged", "credential_invalid", lambda: check(SEARCH, token_of()[:-8] + "AAAAAAAA")
    ),
    _warm("refused: who asks", "agent_undeclared", lambda: check(SEARCH, _token(), agent="nobody")),
    _warm("refused: tool", "operation_undeclared", lambda: check(tool_call("none"), _token())),
    _warm(
        "refused: scope",
        "insufficient_scope",
        lambda: check(TRANSFER, token_of(scope="docs:read")),
    ),
    _warm(
        "refused: policy",
        "no_permit",
        lambda: check(tool_call("transfer", order="o-1", amount=501, currency="EUR"), _token()),
    ),
    _warm("refused: not JSON", "unreadable_request", lambda: check(b'{"jsonrpc":', _token())),
    _warm(
        "refused: agent",
        "operation_undeclared",
        lambda: check(message("message/send"), _token(), "fleet/reporter"),
    ),
    _warm("challenged", "step_up_required", lambda: check(tool_call("erase", page="p"), _token())),
    Scenario("challenged: login", "step_up_required", _new_challenge, is_cold=True),
)

SCENARIOS: Mapping[str, Scenario] = {each.name: each for each in _ALL}
