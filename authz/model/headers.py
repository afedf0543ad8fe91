"""Names of request headers that carry who somebody is: ours, and credentials."""

from __future__ import annotations

AUTHORIZATION = "authorization"
TXN_TOKEN = "txn-token"  # noqa: S105 - a header's name
WORKLOAD = "x-workload-spiffe-id"
AGENT = "x-narrowgate-agent"
USER = "x-narrowgate-user"
DECISION = "x-narrowgate-decision"

OURS = (AUTHORIZATION, TXN_TOKEN, WORKLOAD, AGENT, USER, DECISION)
"""What the gate says to the upstream; whatever a caller says there is a forgery."""

CREDENTIALS = (
    "proxy-authorization",
    "x-forwarded-client-cert",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
)
"""Credentials, of callers and for providers, that never go on."""

COOKIE = "cookie"
