"""Annotations of a policy: what they may be, and what they mean.

One that is not understood is a mistake: a misspelt `@scope` would make its
permit wider, and a misspelt `@step_up` would turn a question into a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from authz.directory.diagnostics import nearest
from authz.model.scopes import Scopes, parse_scopes

KNOWN = frozenset({"id", "reason", "scope", "step_up", "owner"})
LATER = frozenset({"mode", "expires"})
MAX_CHARACTERS = {"id": 128, "reason": 512, "owner": 512}
"""Of the annotations that records hold or people read."""

STEP_UPS = ("mfa", "consent", "approval")
"""What a forbid may ask for, in the order in which a caller is asked."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The annotations of one policy."""

    id: str
    reason: str = ""
    scope: Scopes | None = None
    """What a permit gives; None is whatever is required."""

    step_up: str | None = None


def read_notes(annotations: Mapping[str, str | None]) -> Notes:
    """Give the annotations of a policy without mistakes."""
    scope = annotations.get("scope")
    return Notes(
        id=annotations.get("id") or "",
        reason=annotations.get("reason") or "",
        scope=None if scope is None else parse_scopes(scope),
        step_up=annotations.get("step_up"),
    )


def annotation_mistakes(
    annotations: Mapping[str, str | None], effect: str
) -> Iterator[tuple[str, str]]:
    """Give a message and a hint for every annotation that cannot stand."""
    for name in sorted(annotations.keys() - KNOWN):
        if name in LATER:
            yield f"@{name} is not supported by this version", "ignoring it would change decisions"
        else:
            yield f"@{name} is not an annotation", nearest(name, KNOWN)
    yield from _text_mistakes(annotations)
    if "step_up" in annotations:
        if effect == "permit":
            yield "@step_up stands on a permit", "only a forbid can ask for more"
        elif annotations["step_up"] not in STEP_UPS:
            choices = ", ".join(STEP_UPS)
            hint = nearest(annotations["step_up"] or "", STEP_UPS)
            yield f"@step_up: expected one of {choices}", hint
    if "scope" in annotations:
        if effect == "forbid":
            yield "@scope stands on a forbid", "only a permit gives scopes"
        elif not _is_scope_list(annotations["scope"]):
            yield "@scope: expected scopes apart by spaces, without '*'", ""


def _text_mistakes(annotations: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    if not annotations.get("id"):
        yield "the policy has no @id", 'write @id("…") before it'
    for name, most in MAX_CHARACTERS.items():
        if len(annotations.get(name) or "") > most:
            yield f"@{name} is longer than {most} characters", ""


def _is_scope_list(text: str | None) -> bool:
    try:
        scopes = parse_scopes(text or "")
    except ValueError:
        return False
    return bool(scopes) and not any("*" in scope for scope in scopes)
