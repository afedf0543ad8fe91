"""A case through the whole server but for its sockets: Check message in, Check response out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.server.decision_point import DecisionPoint
from tests.support.cases import Case
from tests.support.secrecy import look
from tests.support.values import replace


class KeptRecords:
    """Records in memory, as JSON would have them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def write(self, line: bytes) -> None:
        """Keep the record of *line*."""
        text = line.decode("ascii")
        look("a record", text)
        self.rows.append(json.loads(text))

    def owe(self, line: bytes) -> None:
        """Keep it as well."""
        self.write(line)


@dataclass(frozen=True)
class Decided:
    """What became of a case."""

    record: Mapping[str, Any]
    response: CheckResponse
    upstream: Mapping[str, str]
    audience: str | None

    @property
    def token(self) -> str:
        """The minted token."""
        return self.upstream["authorization"].removeprefix("Bearer ")

    @property
    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body as the caller would get them."""
        denied = self.response.denied_response
        headers = {option.header.key: option.header.value for option in denied.headers}
        return int(denied.status.code), headers, denied.body.encode()


def decide_case(case: Case, decision_point: DecisionPoint) -> Decided:
    """Answer *case* at its own instant."""
    records = KeptRecords()
    at_that_time = replace(decision_point, records=records, clock=lambda: case.now)
    answer = at_that_time.answer(check_of(case).SerializeToString(), case.listener, {})
    response = CheckResponse.FromString(answer)
    target = decision_point.world.directory.targets.get(case.target or "")
    return Decided(
        record=records.rows[0],
        response=response,
        upstream=_mutated(case.joined_headers, response),
        audience=target.audience if target else None,
    )


def check_of(case: Case) -> CheckRequest:
    """Write the Check that Envoy would send for *case*."""
    request = CheckRequest()
    attributes = request.attributes
    attributes.source.principal = case.principal
    attributes.source.address.socket_address.address = "127.0.0.1"
    if case.target is not None:
        attributes.context_extensions["target"] = case.target
    http = attributes.request.http
    http.id, http.method, http.path, http.host = "1", case.method, case.path, case.host
    http.headers.update(case.joined_headers)
    http.raw_body, http.size = case.body, len(case.body)
    return request


def _mutated(headers: Mapping[str, str], response: CheckResponse) -> dict[str, str]:
    """Apply an allow's mutations in Envoy's order: set, then remove."""
    mutated = {name.lower(): value for name, value in headers.items()}
    for option in response.ok_response.headers:
        mutated[option.header.key] = option.header.value
    for name in response.ok_response.headers_to_remove:
        mutated.pop(name, None)
    return mutated
