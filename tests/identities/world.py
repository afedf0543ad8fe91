"""The worked world with a listener of every kind at once, and Checks that carry every proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from authz._proto.external_auth_pb2 import CheckRequest, CheckResponse
from authz.model.instant import Instant
from authz.server.decision_point import DecisionPoint
from authz.server.worlds import CurrentWorld
from tests.support.cases import at, case_named
from tests.support.direct import KeptRecords, check_of
from tests.support.keys import sign
from tests.support.leaves import Leaf, as_envoy_sends, thumbprint_of
from tests.support.values import replace
from tests.support.worlds import load_world

GATE = "directory/global/gate.yaml"
IN = '    - {name: in, address: "unix:run/in.sock", direction: in, identity: none}\n'
WAYPOINT = "spiffe://example.org/ns/tools/sa/waypoint"
LISTENERS = f"""{IN}\
    - {{name: certificate, address: "unix:run/c.sock", direction: out, identity: certificate}}
    - {{name: waypoint, address: "unix:run/w.sock", direction: out, identity: xfcc, targets: hosts,
       xfcc: {{by: {WAYPOINT}}}}}
    - {{name: beside, address: "unix:run/b.sock", direction: out, identity: metadata,
       targets: hosts}}
    - {{name: named, address: "unix:run/n.sock", direction: out, identity: metadata,
       metadata: {{key: x-caller, by: {WAYPOINT}, byKey: x-self}}}}
    - {{name: client, address: "unix:run/cl.sock", direction: out, identity: client,
       client: {{issuer: corp}}}}
    - {{name: in-agents, address: "unix:run/ia.sock", direction: in, identity: principal}}
"""

NAMES = {
    "RESEARCH": "spiffe://example.org/ns/research/sa/research-agent",
    "ASSISTANT": "spiffe://example.org/ns/research/sa/assistant",
    "PAYER": "spiffe://example.org/ns/finance/sa/payer",
    "REPORTING": "spiffe://example.org/ns/reports/sa/reporting-agent",
    "OLD": "spiffe://example.org/ns/research/sa/old-agent",
    "NOBODY": "spiffe://example.org/ns/research/sa/nobody",
    "WAYPOINT": WAYPOINT,
}
"""Words of the cases that stand for SPIFFE IDs."""

SEARCH, SESSION = case_named("search-allowed"), case_named("session-without-user")
NOW: Instant = SEARCH.now
CLAIMS: Mapping[str, Any] = {
    "iss": "https://idp.example.com",
    "sub": "alice",
    "aud": "https://gate.example.org",
    "client_id": "web-portal",
    "iat": NOW - 10,
    "exp": NOW + 600,
    "jti": "j-1",
    "scope": "docs:read reports:write",
    "groups": ["researchers"],
}


@dataclass(frozen=True)
class Asked:
    """What became of one Check."""

    record: Mapping[str, Any]
    headers: Mapping[str, str]
    """Set towards the upstream."""

    removed: frozenset[str]
    status: int
    body: bytes


def every_listener(home: Path) -> Path:
    """Let the Gate of *home* have a listener of every kind."""
    document = home / GATE
    text = document.read_text()
    assert text.count(IN) == 1
    document.write_text(text.replace(IN, LISTENERS))
    return home


def server_of(home: Path, decision_point: DecisionPoint) -> DecisionPoint:
    """Give a server without sockets in the world of *home*."""
    world, keys = load_world(home)
    return replace(decision_point, worlds=CurrentWorld(world, keys), clock=lambda: NOW)


def named(text: str) -> str:
    """Write out the words that stand for SPIFFE IDs."""
    for word, identity in NAMES.items():
        text = text.replace(f"{{{word}}}", identity)
    return text


@cache
def certificate_of(identity: str) -> bytes:
    """Give the one certificate that *identity* has in this run."""
    return Leaf((identity,)).der(NOW)


def token_of(row: Mapping[str, Any]) -> str:
    """Sign a token of corp's, or of the gate's own, whose claims are otherwise as *row* says."""
    claims = {**CLAIMS, **row.get("claims", {})}
    bound = row.get("bound_to")
    if bound is not None:
        also = row.get("bound_also", {})
        claims["cnf"] = {"x5t#S256": thumbprint_of(certificate_of(named(bound))), **also}
    told = {name: at(value, NOW) for name, value in claims.items() if value is not None}
    key = row.get("key", "corp-1")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": key}
    return sign(key, header, named(json.dumps(told)).encode())


def check_with(row: Mapping[str, Any]) -> CheckRequest:
    """Write the Check of a case; what it does not say is as in `search-allowed`."""
    base = SESSION if row.get("session") else SEARCH
    headers = [(name, text) for name, text in base.headers if name != "authorization"]
    if row.get("token", {}) is not None:
        headers.append(("authorization", f"Bearer {token_of(row.get('token', {}))}"))
    if "xfcc" in row:
        headers.append(("x-forwarded-client-cert", named(row["xfcc"])))
    headers += [(name, named(text)) for name, text in row.get("headers", {}).items()]
    case = replace(
        base,
        headers=tuple(headers),
        principal=named(row.get("principal", "")),
        target=row.get("target", base.target),
        host=row.get("host", base.host),
        path=row.get("path", base.path),
    )
    request = check_of(case)
    if "certificate" in row:
        der = certificate_of(named(row["certificate"]))
        request.attributes.source.certificate = as_envoy_sends(der)
    return request


def ask(server: DecisionPoint, row: Mapping[str, Any]) -> Asked:
    """Send the Check of *row* by its listener."""
    records = KeptRecords()
    metadata = {name: named(text) for name, text in row.get("metadata", {}).items()}
    asked = replace(server, records=records)
    answer = asked.answer(check_with(row).SerializeToString(), row["listener"], metadata)
    response = CheckResponse.FromString(answer)
    ok, denied = response.ok_response, response.denied_response
    return Asked(
        record=records.rows[0],
        headers={option.header.key: option.header.value for option in ok.headers},
        removed=frozenset(ok.headers_to_remove),
        status=int(denied.status.code),
        body=denied.body.encode(),
    )
