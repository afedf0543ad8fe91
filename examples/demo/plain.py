"""The scene of a plain HTTP tool: who may use it is told by workload, and no user is involved."""

from __future__ import annotations

import secrets
import ssl

import httpx2

from examples.demo.agent import TIMEOUT_SECONDS
from examples.demo.places import PKI, SERVICE_HOST
from examples.demo.scenes import Told, must, trail
from examples.demo.stage import Stage

NOBODY = ""
SPAN = "00f067aa0ba902b7"

ASKED = (
    ("research-agent", "/search", 200),
    ("assistant", "/search", 403),
    (NOBODY, "/search", 401),
    (NOBODY, "/healthz", 200),
)
"""Who asks for what, and the status that this must get."""


async def plain_http(stage: Stage) -> Told:
    """Let two workloads, and nobody, ask a tool that reads no token."""
    trace_id = secrets.token_hex(16)
    answers = [await _get(stage, who, path, trace_id) for who, path, _ in ASKED]
    for (who, path, status), answer in zip(ASKED, answers, strict=True):
        must(answer.status_code == status, f"{answer.status_code} for {who or 'nobody'} at {path}")
    found, denied, unknown, _ = answers
    must(found.json()["for"].endswith("/sa/research-agent"), f"the tool saw {found.json()['for']}")
    must(denied.json().get("required") == "search:query", f"the refusal says {denied.text}")
    must(unknown.json() == {"error": "missing workload identity"}, f"it says {unknown.text}")
    records = trail(trace_id)
    return Told(
        "A plain HTTP tool behind the gate, without users",
        "GET /search by research-agent, by assistant, and by nobody; GET /healthz by nobody",
        f"200, the tool saw x-workload-spiffe-id: {found.json()['for']}; 403 {denied.text};"
        f" 401 {unknown.text}; 200, for that is public",
        "; ".join(f"step {row['step']}, {row['reason']}" for row in records),
        trace_id,
    )


async def _get(stage: Stage, who: str, path: str, trace_id: str) -> httpx2.Response:
    """Ask the service through Envoy, with the certificate of *who*, or with none."""
    tls = ssl.create_default_context(cafile=str(PKI / "roots.pem"))
    if who:
        tls.load_cert_chain(PKI / f"{who}.pem", PKI / f"{who}.key")
    headers = {"host": SERVICE_HOST, "traceparent": f"00-{trace_id}-{SPAN}-01"}
    async with httpx2.AsyncClient(verify=tls, headers=headers, timeout=TIMEOUT_SECONDS) as http:
        return await http.get(f"https://127.0.0.1:{stage.doors.envoy}{path}")
