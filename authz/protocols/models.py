"""Calls of language models, told by their addresses, so that a refusal is one their clients read.

Models are no kind of target yet: such a call is plain HTTP that nobody declared,
or a route of an `HTTPService` like any other.
"""

from __future__ import annotations

from collections.abc import Mapping

from authz.model.operation import Provider

ADDRESSES: Mapping[tuple[str, str], Provider] = {
    ("POST", "/v1/chat/completions"): Provider.OPENAI,
    ("POST", "/v1/completions"): Provider.OPENAI,
    ("POST", "/v1/embeddings"): Provider.OPENAI,
    ("POST", "/v1/responses"): Provider.OPENAI,
    ("POST", "/v1/messages"): Provider.ANTHROPIC,
    ("POST", "/v1/messages/count_tokens"): Provider.ANTHROPIC,
}
"""Which provider's clients ask there. `GET /v1/models` is asked by all, so it tells nothing."""


def provider_of(method: str, path: str) -> Provider | None:
    """Say whose clients make such a call; None where it is no call of a model."""
    return ADDRESSES.get((method, path))
