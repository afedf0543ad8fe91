"""Annotations of a policy: what they may be, and what they mean.

One that is not understood is a mistake: a misspelt `@scope` would make its
permit wider, and a misspelt `@step_up` would turn a question into a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from authz.directory.diagnostics import nearest
from authz.model.scopes import Scopes, parse_scopes
from authz.policy.remarks import Remark, annotation

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


def annotation_mistakes(annotations: Mapping[str, str | None], effect: str) -> Iterator[Remark]:
    """Give a remark for every annotation that cannot stand."""
    for name in sorted(annotations.keys() - KNOWN):
        if name in LATER:
            message, hint = "is not supported by this version", "ignoring it would change decisions"
        else:
            message, hint = "is not an annotation", nearest(name, KNOWN)
        yield Remark(f"@{name} {message}", hint, about=annotation(name))
    yield from _text_mistakes(annotations)
    if "step_up" in annotations:
        yield from _step_up_mistakes(annotations["step_up"], effect)
    if "scope" in annotations:
        yield from _scope_mistakes(annotations["scope"], effect)


def _text_mistakes(annotations: Mapping[str, str | None]) -> Iterator[Remark]:
    if not annotations.get("id"):
        hint = 'write @id("…") before it'
        yield Remark("the policy has no @id", hint, about=annotation("id"))
    for name, most in MAX_CHARACTERS.items():
        if len(annotations.get(name) or "") > most:
            yield Remark(f"@{name} is longer than {most} characters", about=annotation(name))


def _step_up_mistakes(value: str | None, effect: str) -> Iterator[Remark]:
    if effect == "permit":
        hint = "only a forbid can ask for more"
        yield Remark("@step_up stands on a permit", hint, about=annotation("step_up"))
    elif value not in STEP_UPS:
        message = f"@step_up: expected one of {', '.join(STEP_UPS)}"
        hint = nearest(value or "", STEP_UPS)
        yield Remark(message, hint, about=annotation("step_up", value))


def _scope_mistakes(value: str | None, effect: str) -> Iterator[Remark]:
    if effect == "forbid":
        hint = "only a permit gives scopes"
        yield Remark("@scope stands on a forbid", hint, about=annotation("scope"))
    elif not _is_scope_list(value):
        message = "@scope: expected scopes apart by spaces, without '*'"
        yield Remark(message, about=annotation("scope", value))


def _is_scope_list(text: str | None) -> bool:
    try:
        scopes = parse_scopes(text or "")
    except ValueError:
        return False
    return bool(scopes) and not any("*" in scope for scope in scopes)
