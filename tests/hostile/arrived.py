"""What an allowed request must look like when it arrives: judged bytes, proven names, no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from authz.directory.compiled import Directory
from authz.model.headers import AGENT, AUTHORIZATION, DECISION, USER, WORKLOAD
from authz.wire.headers import HEADERS, header_value
from tests.hostile.traps import Trap
from tests.support.expect import claims_in
from tests.support.upstream import Seen

ENVOYS_OWN = frozenset(
    [
        *("host", "content-length", "transfer-encoding", "x-request-id"),
        *("x-forwarded-for", "x-forwarded-proto", "x-envoy-expected-rq-timeout-ms"),
    ]
)
HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-connection", "upgrade", "http2-settings", "expect"]
)
FORGED_PREFIXES = ("x-envoy-", "x-narrowgate", "x-workload-", "x_")
_FOLDED = frozenset(name.replace("-", "_") for name in HEADERS)


def strange_arrivals(
    trap: Trap, records: Sequence[Mapping[str, Any]], seen: Sequence[Seen], directory: Directory
) -> Iterator[str]:
    """Give what of the requests that arrived was not allowed so."""
    waiting = [record for record in records if record["reason"] == "allow"]
    for each in seen:
        record = next((row for row in waiting if is_of(row, each)), None)
        if record is None:
            yield "a request without a decision of its own arrived"
        else:
            waiting.remove(record)
            yield from _strange_headers(trap, record, each)
            yield from _strange_token(trap, record, each)
            yield from _strange_bytes(trap, record, each, directory)


def is_of(record: Mapping[str, Any], seen: Seen) -> bool:
    """
    Say whether *seen* is what *record* decided.

    A public operation names no decision to the upstream: method and path tell
    there. No other may arrive without one.
    """
    if _is_public(record):
        told = record["request"]
        asked: tuple[str, str] = (told["method"], told["path"])
        return DECISION not in seen.by_name and (seen.method, recorded_path(seen)) == asked
    decision: str = record["decision"]
    return seen.by_name.get(DECISION) == decision


def _is_public(record: Mapping[str, Any]) -> bool:
    return (record["reason"], record["step"]) == ("allow", 0)


def recorded_path(seen: Seen) -> str:
    """Give the path as a record has it: a query is left out, its mark is not."""
    path, mark, _ = seen.path.partition("?")
    return path + mark


def _strange_headers(trap: Trap, record: Mapping[str, Any], seen: Seen) -> Iterator[str]:
    proven = {
        WORKLOAD: record["workload"],
        AGENT: record["agent"],
        USER: record["user"],
        DECISION: None if _is_public(record) else record["decision"],
    }
    for name, value in proven.items():
        got = [given for spelled, given in seen.headers if spelled.lower() == name]
        if got != ([] if value is None else [header_value(value)]):
            yield f"{name} arrived as {got}, proven is {value}"
    sent = {name.lower() for request in trap.requests for name, _ in request.headers}
    for name in sorted({name.lower() for name, _ in seen.headers}):
        if name in proven or name == AUTHORIZATION or name in ENVOYS_OWN:
            continue
        if (
            name.replace("-", "_") in _FOLDED
            or name in HOP_BY_HOP
            or name.startswith(FORGED_PREFIXES)
        ):
            yield f"{name} arrived"
        if name not in sent:
            yield f"{name} arrived and was not sent"


def _strange_token(trap: Trap, record: Mapping[str, Any], seen: Seen) -> Iterator[str]:
    tokens = [value for name, value in seen.headers if name.lower() == AUTHORIZATION]
    told = record["token"]
    if len(tokens) != (told is not None):
        yield f"{len(tokens)} credentials arrived, recorded is {told}"
        return
    if told is not None:
        said = claims_in(tokens[0].removeprefix("Bearer "))
        minted = {name: said[name] for name in ("jti", "sub", "aud", "exp")}
        recorded = {name: told[name] for name in minted}
        if minted != recorded or said["scope"].split() != told["scope"]:
            yield f"the token that arrived says {said}, recorded is {told}"
        yield from _strange_chain(record, said)
    for request in trap.requests:
        for name, value in request.headers:
            secret = value.removeprefix("Bearer ")
            if name.lower() == AUTHORIZATION and secret and secret in str(seen.headers):
                yield "the caller's credential arrived"


def _strange_chain(record: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    """Compare `act` with the agents of the record, the caller first; agents alone have none."""
    links, act = [], said.get("act")
    while act:
        links.append(act)
        act = act.get("act")
    caller = record["workload"] or (record["client"] or {}).get("sub")
    if links and (len(links) != len(record["chain"]) or links[0]["sub"] != caller):
        yield f"act names {links}, recorded is {record['chain']}"
    if any(link.keys() - {"iss", "sub", "act"} for link in links):
        yield f"act says more than who: {links}"


def _strange_bytes(
    trap: Trap, record: Mapping[str, Any], seen: Seen, directory: Directory
) -> Iterator[str]:
    told = record["request"]
    if (seen.method, recorded_path(seen)) != (told["method"], told["path"]):
        yield f"{seen.method} {seen.path} arrived, recorded is {told}"
    host = seen.by_name.get("host", "").lower().rstrip(".")
    if host not in directory.targets[record["target"]].hosts:
        yield f"it arrived for the host {host!r}"
    if seen.body not in [request.body for request in trap.requests]:
        yield f"a body of {len(seen.body)} bytes arrived that nobody sent: {seen.body[:80]!r}"
