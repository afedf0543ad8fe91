"""The reasons of decisions: what each means, who can cure it, and what a caller is told."""

from __future__ import annotations

from collections.abc import Iterator

from google.rpc import code_pb2

from authz._proto.external_auth_pb2 import CheckResponse
from authz.model.outcome import Answer
from authz.model.reasons import Reason, verdict_of
from authz.refusals.table import ROWS
from authz.wire.check import write_refusal
from tools.reference.described import described, table

HEAD = """\
# Reasons

Why a call was refused: the `reason` of [its record](../records.md) and of the metric
`narrowgate_checks_total`. They stand in the order in which the steps come to them; a reason
never changes its meaning.

An agent that is known is told most refusals under HTTP 200, in the shape of its protocol, so that
its session lives on ([clients.md](../clients.md)); *HTTP* is then the JSON-RPC code. *gRPC* is what
Envoy is told with that status: never an aborted call, and no refusal is 0. A caller reads the
sentence and the decision's id, and nothing else of why.
"""
CURE = "Cure: "


def page() -> str:
    """Give the page."""
    heads = ("reason", "means", "who can cure it", "verdict", "HTTP", "gRPC", "sentence")
    return f"{HEAD}\n{table(heads, _rows())}\n"


def _rows() -> Iterator[tuple[str, ...]]:
    meanings = described(Reason)
    for reason, row in ROWS.items():
        means, _, cure = meanings[reason.name].partition(f"\n\n{CURE}")
        answer = write_refusal(Answer(row.status, (), b""))
        code = CheckResponse.FromString(answer).status.code
        told = f"{code} {code_pb2.Code.Name(code)}"
        cure = cure.removesuffix(".")
        yield f"`{reason}`", means, cure, verdict_of(reason), str(row.status), told, row.sentence
