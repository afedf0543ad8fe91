"""How a record, an answer or a token differs from what a case expects."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from authz.model.reasons import Reason, verdict_of
from authz.refusals.metadata import metadata_url
from tests.support.cases import Case, answers, at

CAN_DIFFER = {"time", "decision", "trace", "world", "envoy", "stages_us"}
"""Members of a record that ids and timings are in."""


def differences(case: Case, record: Mapping[str, Any]) -> Iterator[str]:
    """Compare a decision record with what *case* expects of verdict, step, legs and policies."""
    expect = case.expect
    verdict = verdict_of(Reason(expect["reason"]))
    if record["verdict"] != verdict:
        yield f"verdict: {record['verdict']}, expected {verdict}"
    for member in ("reason", "step"):
        if record[member] != expect[member]:
            yield f"{member}: {record[member]} ({record['detail']}), expected {expect[member]}"
    for party, scopes in expect.get("legs", {}).items():
        if record["legs"].get(party) != sorted(scopes):
            yield f"leg {party}: {record['legs'].get(party)}, expected {sorted(scopes)}"
    if "challenges" in expect and record["challenges"] != expect["challenges"]:
        yield f"challenges: {record['challenges']}"
    named = {policy["id"] for policy in record["policies"]}
    for policy in set(expect.get("policies", ())) - named:
        yield f"policy {policy} is not among {sorted(named)}"


def claims_in(token: str) -> dict[str, Any]:
    """Give the claims of a token, unverified."""
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


def answer_differences(
    case: Case,
    record: Mapping[str, Any],
    audience: str | None,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
) -> Iterator[str]:
    """Compare what the caller got with the answer that *case* names, placeholders filled in."""
    if case.expect["reason"] == Reason.ALLOW:
        return
    expected = answers()[case.expect["answer"]]
    filled = {
        "<decision>": record["decision"],
        "<scope>": " ".join(record["required"] or ()),
        "<metadata>": metadata_url(audience) if audience else "",
        "<workload>": record["workload"] or "",
        "<peer>": record["peer"]["principal"],
    }
    if status != expected["status"]:
        yield f"status {status}, expected {expected['status']}"
    if headers.get("x-narrowgate-decision") != record["decision"]:
        yield "the decision id is not in its header"
    if "type" in expected and headers.get("content-type") != expected["type"]:
        yield f"content-type {headers.get('content-type')}"
    if "challenge" in expected:
        wanted = expected["challenge"] and _filled(expected["challenge"], filled, case)
        if headers.get("www-authenticate") != wanted:
            yield f"challenge {headers.get('www-authenticate')}, expected {wanted}"
    got = json.loads(body) if body else None
    if got != _filled(expected["body"], filled, case):
        yield f"body {got}"


def _filled(template: Any, filled: Mapping[str, str], case: Case) -> Any:
    if isinstance(template, dict):
        return {key: _filled(value, filled, case) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, filled, case) for value in template]
    if template == "<id>":
        return case.request_id
    if isinstance(template, str):
        for placeholder, text in filled.items():
            template = template.replace(placeholder, text)
    return template


def token_differences(case: Case, claims: Mapping[str, Any]) -> Iterator[str]:
    """Compare a minted token's members with those that *case* names."""
    for member, value in case.expect.get("token", {}).items():
        if member == "lifetime_at_most":
            life = max(claims["exp"] - claims["iat"], claims["exp"] - case.now)
            if life > value:
                yield f"lifetime {life}, expected at most {value}"
        elif claims.get(member) != at(value, case.now):
            yield f"token.{member}: {claims.get(member)}, expected {at(value, case.now)}"


def header_differences(case: Case, upstream: Mapping[str, str]) -> Iterator[str]:
    """Compare the headers that reached the upstream with those that *case* names."""
    expected = case.expect.get("headers", {})
    for name, value in expected.get("set", {}).items():
        if upstream.get(name) != value:
            yield f"upstream {name}: {upstream.get(name)}, expected {value}"
    for name in expected.get("absent", ()):
        if name in upstream:
            yield f"upstream still has {name}: {upstream[name]}"
