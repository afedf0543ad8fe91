"""What every server must answer right before it is timed, and what only ours must.

    python -m bench.cases HOST:PORT

Each answer is compared with what a gate of this scenario owes: the verdict, a
response that says so, and on an allow who the user is, and no credential
towards the tool.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz._proto.external_auth_pb2_grpc import AuthorizationStub
from bench.checks import Clock, body_of, check_of, claims_of, token_of
from bench.scenario import AUDIENCE, Scenario, scenario

OTHERS = "https://other.example"
ANSWER_SECONDS = 5
USER_HEADERS = ("x-user", "x-narrowgate-user")
"""Where a peer, and where ours, names the user to the tool."""


@dataclass(frozen=True)
class Case:
    """One Check and what is owed to it."""

    name: str
    check: CheckRequest
    allowed: bool = False
    strict: bool = False
    """Peers are known to answer otherwise; only ours has to be right."""


class Writing:
    """Cases about one user, who may call one tool and not another."""

    def __init__(self, drawn: Scenario, clock: Clock) -> None:
        self.user = drawn.users[0]
        self._clock = clock
        self.tool = next(tool for tool in drawn.tools if drawn.may_call(self.user, tool))
        self.withheld = next(tool for tool in drawn.tools if not drawn.may_call(self.user, tool))
        self._roles = list(drawn.grants)
        self._number = 0

    def of_tokens(self) -> Iterator[Case]:
        """Give good tokens, and every way in which one is not."""
        good = self._token()
        head, _, signature = good.split(".")
        more = self._token(roles=self._roles).split(".")[1]
        yield self._case("the user's own tool", good, allowed=True)
        yield self._case("one of two audiences", self._token(aud=[OTHERS, AUDIENCE]), allowed=True)
        end = "BBBBBB" if signature.endswith("AAAAAA") else "AAAAAA"
        yield self._case("a signature that was changed", f"{good[:-6]}{end}")
        yield self._case("a payload that was swapped", f"{head}.{more}.{signature}")
        claims = claims_of(self.user, self._clock)
        yield self._case("a foreign key by the right name", token_of(claims, key="mallory"))
        yield self._case("an unknown key", token_of(claims, key="mallory", kid="mallory"))
        yield self._case("no signature", token_of(claims, key="none", alg="none"))
        past = self._clock.now - 3600
        yield self._case("expired", self._token(exp=past, iat=past - 3600))
        yield self._case("without an end", self._token(exp=None))
        yield self._case("for others", self._token(aud=OTHERS))
        yield self._case("for nobody", self._token(aud=None))
        yield self._case("of another issuer", self._token(iss=OTHERS))
        yield self._case("of no agent", self._token(client_id=None))
        yield self._case("of an unknown agent", self._token(client_id="agent-of-nobody"))
        yield self._case("without roles", self._token(roles=None))
        yield self._case("no token", None)
        yield self._case("no bearer", None, authorization=f"Basic {good}")

    def of_calls(self) -> Iterator[Case]:
        """Give calls that are not granted, and bodies that are none."""
        good, call = self._token(), body_of(self.tool, 1)
        yield self._case("a tool of other roles", good, body_of(self.withheld, 1))
        yield self._case("an unknown tool", good, body_of("tool_unknown", 1))
        yield self._case("another method", good, body_of(self.tool, 1, "prompts/get"))
        yield self._case("cut off", good, call[:-9])
        yield self._case("no JSON", good, "call the tool, please")
        yield self._case("no body", good, "")
        yield self._case("a batch", good, f"[{call}]")
        first = call.replace('"name":', f'"name":"{self.withheld}","name":', 1)
        yield self._case("two names, the granted one last", good, first, strict=True)
        yield self._case("another charset", good, content_type="text/plain", strict=True)

    def _token(self, **changed: Any) -> str:
        return token_of(claims_of(self.user, self._clock, **changed))

    def _case(
        self,
        name: str,
        token: str | None,
        body: str | None = None,
        *,
        allowed: bool = False,
        strict: bool = False,
        **headers: str,
    ) -> Case:
        self._number += 1
        body = body_of(self.tool, self._number) if body is None else body
        return Case(name, check_of(token, body, self._number, **headers), allowed, strict)


def cases(clock: Clock) -> list[Case]:
    """Give every case, at the instant of *clock*."""
    writing = Writing(scenario(), clock)
    return [*writing.of_tokens(), *writing.of_calls()]


def wrong_with(case: Case, answer: CheckResponse) -> str:
    """Say what is wrong with the *answer* to *case*; nothing is an empty text."""
    kind = answer.WhichOneof("http_response")
    allowed = answer.status.code == 0 and kind == "ok_response"
    if allowed != case.allowed:
        return "allowed" if allowed else f"refused by {answer.denied_response.status.code}"
    if not allowed:
        return "" if kind == "denied_response" else "a refusal that does not say so"
    return _wrong_passage(case, answer)


def _wrong_passage(case: Case, answer: CheckResponse) -> str:
    user = scenario().users[0].subject
    said = {row.header.key.lower(): row.header.value for row in answer.ok_response.headers}
    if not any(said.get(name, "").rpartition("/")[2] == user for name in USER_HEADERS):
        return "nobody is told who the user is"
    removed = {name.lower() for name in answer.ok_response.headers_to_remove}
    sent = case.check.attributes.request.http.headers["authorization"]
    passed_on = said.get("authorization", "" if "authorization" in removed else sent)
    return "the credential goes on to the tool" if passed_on == sent else ""


def mistakes(address: str, asked: Iterable[Case]) -> dict[str, str]:
    """Send each case to the server at *address*; give what was wrong, by the name of the case."""
    found = {}
    with grpc.insecure_channel(address) as channel:
        ask = AuthorizationStub(channel).Check  # type: ignore[no-untyped-call]
        for case in asked:
            try:
                answer = ask(case.check, timeout=ANSWER_SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                wrong = f"no answer: {error.code()}"
            else:
                wrong = wrong_with(case, answer)
            if wrong:
                found[case.name] = wrong
    return found


def main() -> int:
    """Say what the server at the address answers wrong."""
    found = mistakes(sys.argv[1], cases(Clock.started()))
    print(json.dumps(found, indent=1))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
