"""What later versions will know: named here so that it is refused in so many words."""

from __future__ import annotations

KINDS = frozenset({"ModelProvider", "Budget", "Credential"})

VALUES: dict[str, frozenset[str]] = {
    "identity": frozenset({"jwtSvid"}),
    "mode": frozenset({"exchange"}),
}
"""By member: values that this version refuses."""

MEMBERS = frozenset({"exchange", "ciba", "profile"})
"""Members that this version refuses."""
