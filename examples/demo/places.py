"""Where the demo keeps its files, and the names that its parts share."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WORLD = Path(__file__).parent / "world"

FOLDER = ROOT / ".demo"
HOME = FOLDER / "home"
"""The gate's home: a copy of `world`, with keys and certificates."""

PKI = HOME / "pki"
SOCKET = HOME / "run" / "gate.sock"
RECORDS = HOME / "records" / "decisions.jsonl"
ISSUERS = HOME / "directory" / "global" / "issuers.yaml"
ISSUER_KEYS = HOME / "keys" / "corp.jwks.json"
LOGS = FOLDER / "logs"
SEEN = FOLDER / "seen.jsonl"
"""What reached the tool, one JSON line a request."""

TOKEN = FOLDER / "token.jwt"
"""The token that the tool saw with the allowed call."""

TOOL_HOST = "docs.tools.svc.cluster.local"
TOOL_AUDIENCE = "https://docs.tools.example/mcp"
GATE_ISSUER = "https://gate.example.org"
GATE_AUDIENCE = "https://gate.example.org"
IDP = "https://idp.demo.example"

TOOL_ID = "spiffe://example.org/ns/tools/sa/docs"
SERVICE_HOST = "search.tools.svc.cluster.local"
SERVICE_ID = "spiffe://example.org/ns/tools/sa/search"
AGENT_IDS = {
    name: f"spiffe://example.org/ns/research/sa/{name}" for name in ("research-agent", "assistant")
}
