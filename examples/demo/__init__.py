"""The demo: a real Envoy with mTLS, the gate, an MCP server, two agents and a token issuer.

    python -m examples.demo [--keep] [--idp oidc-provider]

Everything runs on loopback, in processes of its own, below the folder `.demo`
of the clone, and ends by itself.
"""
