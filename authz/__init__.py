"""Narrowgate: zero-trust authorization for autonomous AI agents, at the Envoy edge.

What lives where is told once, in docs/ARCHITECTURE.md.
"""

__version__ = "0.1.0"
