"""Traps as data: `traps/*.yaml`, each a case with something hostile added.

A trap is `like` a case of `tests/cases` (by default the allowed search) and says
what differs, in the words of a case (`request`, `token`, `peer`, `target`) and in
words of its own for what no tidy client sends:

    vector     a token of `tests/vectors/tokens.yaml` instead of the case's
    body       the bytes; or `params`, `arguments` (with `tool`): the same, wrapped
    without    names of headers to leave out
    more       header lines to add at the end, as they are spelled
    how        a manner of `sending.py`: chunked, trailers, …
    then       cases to ask for on the same connection, after this one
    at         which Envoy and listener of `edges.py` it is sent to; `out` where nothing is said
    over       the HTTP versions; 1 and 2 where nothing is said
    expect     what must become of it; the case's reason where nothing is said

Bytes are a text, or a list of texts and of `{hex: …}`, `{of: …, times: N}` and
`{text: …, as: <encoding>}`. An entry of `more` may be `{every: <spelling>}` for all headers of
ours, or `{name: …, value: …, long: N, times: M}`.
`expect` is a reason; `{envoy: <status>}` where Envoy refuses by itself (`cut`: it
ends the stream); `{status: …}` or `{path: …}` beside `reason`; a list where there
are several requests; `{1: …, 2: …}` where the HTTP versions differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from authz.model.instant import Instant
from authz.wire.headers import HEADERS
from tests.support.cases import Case, case_like
from tests.support.edge import headers_of
from tests.vectors.tokens import VECTORS

FOLDER = Path(__file__).parent / "traps"
CUT = 0
"""Status of an answer that never came: the stream or the connection was ended."""

_MEMBERS = frozenset(
    [
        *("name", "why", "from", "like", "request", "token", "peer", "target", "vector"),
        *("body", "params", "arguments", "tool", "without", "more", "how", "then", "over"),
        *("at", "expect"),
    ]
)
_OF_CASES = ("request", "token", "peer", "target")
_VECTORS = {str(vector): vector for vector in VECTORS}

STATUSES: Mapping[str, int] = {
    "allow": 200,
    "unreadable_request": 400,
    "ambiguous_request": 400,
    "body_missing": 400,
    "body_truncated": 413,
    "workload_unidentified": 401,
    "workload_untrusted": 401,
    "agent_undeclared": 403,
    "credential_missing": 401,
    "credential_invalid": 401,
}
"""HTTP status by reason, for an agent and a target that choose nothing. What is not here is
answered in-band, by 200."""


@dataclass(frozen=True)
class Request:
    """One request as it is sent: nothing is added to it, nothing tidied up."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    """`host` among them. Names are spelled as they are sent."""

    body: bytes


@dataclass(frozen=True)
class Expected:
    """What must become of one request."""

    reason: str | None
    """The record's; None where Envoy refuses by itself, so that there is no record."""

    status: int
    path: str = "/mcp"
    """As the upstream sees it, where it is allowed."""


@dataclass(frozen=True)
class Trap:
    """One trap in one HTTP version."""

    name: str
    why: str
    source: str
    http: int
    how: str
    at: str
    case: Case
    principals: tuple[str, ...]
    requests: tuple[Request, ...]
    expected: tuple[Expected, ...]

    def __str__(self) -> str:
        return f"{self.name}, HTTP/{self.http}"


@cache
def all_traps(now: Instant | None = None) -> tuple[Trap, ...]:
    """
    Give every trap of the folder, in each of its HTTP versions.

    Each is for the instant of its case, or for *now*; then without those that have a token
    of the vectors, which is good, or wrong in the one way that it names, at its own instant alone.
    """
    rows = [row for file in sorted(FOLDER.glob("*.yaml")) for row in _rows(file)]
    told = [row for row in rows if now is None or "vector" not in row]
    return tuple(_trap(row, http, now) for row in told for http in row.get("over", (1, 2)))


def _rows(file: Path) -> Iterator[Mapping[str, Any]]:
    for row in yaml.safe_load(file.read_text()):
        assert row.keys() <= _MEMBERS, f"{file.name}: {row.keys() - _MEMBERS}"
        assert "from" in row, f"{file.name}: {row} names no source"
        yield row


def _trap(row: Mapping[str, Any], http: int, now: Instant | None) -> Trap:
    base = row.get("like", "search-allowed")
    case = case_like(base, {name: row[name] for name in _OF_CASES if name in row}, now)
    vector = _VECTORS.get(row.get("vector", ""))
    assert (vector is None) is ("vector" not in row), f"no vector {row['vector']!r}"
    following = [case_like(name, {}, now) for name in row.get("then", ())]
    expect = row.get("expect", case.expect["reason"] if vector is None else _of_vector(vector))
    return Trap(
        name=row.get("name") or (str(vector) if vector else base),
        why=row.get("why") or (vector.row["why"] if vector else case.why),
        source=row["from"],
        http=http,
        how=row.get("how", "plain"),
        at=row.get("at", "out"),
        case=case,
        principals=tuple(row.get("peer", {}).get("certificate", (case.principal,))),
        requests=(_request(row, case, vector), *(_plain(case) for case in following)),
        expected=tuple(map(_expected, _in_version(expect, http))),
    )


def _of_vector(vector: Any) -> str:
    return "allow" if vector.row["expect"] == "good" else "credential_invalid"


def _in_version(expect: Any, http: int) -> Sequence[Any]:
    if isinstance(expect, dict) and http in expect:
        expect = expect[http]
    return expect if isinstance(expect, list) else [expect]


def _expected(row: Any) -> Expected:
    if isinstance(row, str):
        return Expected(row, STATUSES.get(row, 200))
    if "envoy" in row:
        assert row.keys() == {"envoy"}, row
        return Expected(None, CUT if row["envoy"] == "cut" else row["envoy"])
    assert row.keys() <= {"reason", "status", "path"}, row
    status = row.get("status", STATUSES.get(row["reason"], 200))
    return Expected(row["reason"], status, row.get("path", "/mcp"))


def _plain(case: Case) -> Request:
    return Request(case.method, case.path, tuple(headers_of(case)), case.body)


def _request(row: Mapping[str, Any], case: Case, vector: Any) -> Request:
    plain = _plain(case)
    gone = {*row.get("without", ()), *(("authorization",) if vector else ())}
    kept = [(name, value) for name, value in plain.headers if name not in gone]
    if vector:
        kept.append(("authorization", f"Bearer {vector.token}"))
    more = [line for each in row.get("more", ()) for line in _lines(each)]
    return Request(plain.method, plain.path, (*kept, *more), _body(row, case))


def _lines(spelled: Any) -> Iterator[tuple[str, str]]:
    """Give the header lines that one entry of `more` stands for."""
    if isinstance(spelled, str):
        pseudo = ":" if spelled.startswith(":") else ""
        name, _, value = spelled.removeprefix(":").partition(":")
        yield f"{pseudo}{name}", value.removeprefix(" ")
    elif "every" in spelled:
        spelling = _SPELLINGS[spelled["every"]]
        yield from ((spelling(name), "forged") for name in HEADERS if name != "authorization")
    else:
        for number in range(spelled.get("times", 1)):
            yield spelled["name"].format(number), spelled.get("value", "v") * spelled.get("long", 1)


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "as it is": lambda name: name,
    "capitals": lambda name: name.upper(),
    "underscores": lambda name: name.replace("-", "_"),
    "mixed": lambda name: name.replace("-", "_", 1),
}
"""How a header of ours can be spelled; `authorization` has rows of its own."""


def _body(row: Mapping[str, Any], case: Case) -> bytes:
    if "body" in row:
        return _bytes(row["body"])
    if "params" in row:
        return _message(_bytes(row["params"]))
    if "arguments" in row:
        name = f'"name":"{row.get("tool", "search")}"'.encode()
        return _message(b"{" + name + b',"arguments":' + _bytes(row["arguments"]) + b"}")
    return case.body


def _message(params: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + params + b"}"


def _bytes(spelled: Any) -> bytes:
    if isinstance(spelled, str):
        return spelled.encode()
    if isinstance(spelled, list):
        return b"".join(map(_bytes, spelled))
    if "hex" in spelled:
        return bytes.fromhex(spelled["hex"])
    if "of" in spelled:
        return _bytes(spelled["of"]) * int(spelled["times"])
    return str(spelled["text"]).encode(spelled["as"])
