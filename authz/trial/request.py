"""A call as a file tells it: JSON, its members named as the options of `authz check`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authz.directory.diagnostics import nearest
from authz.model.strict_json import JSON, AmbiguousJSON, NotJSON, read_json
from authz.trial.told import Told, Untellable

TEXT, TEXTS, NUMBER, OBJECT = "a text", "a list of texts", "a whole number", "an object"
TEXT_BY_NAME = "an object with texts"

MEMBERS: Mapping[str, str] = {
    "agent": TEXT,
    "tool": TEXT,
    "session": TEXT,
    "args": OBJECT,
    "user": TEXT,
    "groups": TEXTS,
    "scopes": TEXTS,
    "level": NUMBER,
    "via": TEXTS,
    "address": TEXT,
    "headers": TEXT_BY_NAME,
}
"""What a request may say, and what each is."""


def read_request(text: bytes) -> Told:
    """
    Read a request file.

    Raises:
        Untellable: no JSON object, an unknown member, one of another type, or
            neither or both of `tool` and `session`.
    """
    try:
        members = read_json(text)
    except (NotJSON, AmbiguousJSON) as error:
        raise Untellable(f"the request is {error}") from None
    if not isinstance(members, dict):
        raise Untellable("the request is no JSON object")
    for name, value in members.items():
        if name not in MEMBERS:
            hint = nearest(name, MEMBERS) or f"it has {', '.join(MEMBERS)}"
            raise Untellable(f"a request has no member {name!r}; {hint}")
        if not _is(MEMBERS[name], value):
            raise Untellable(f"{name}: expected {MEMBERS[name]}")
    return told_from(members)


def told_from(members: Mapping[str, Any]) -> Told:
    """
    Give what *members* tell, which are of the types that `MEMBERS` says.

    Raises:
        Untellable: no agent; neither or both of `tool` and `session`.
    """
    if not members.get("agent"):
        raise Untellable("no agent is told; it is namespace/name")
    operations = [members[name] for name in ("tool", "session") if members.get(name)]
    if len(operations) != 1:
        raise Untellable("expected either a tool (namespace/server/tool) or a session's target")
    slashes = 2 if members.get("tool") else 1
    if operations[0].count("/") < slashes:
        raise Untellable(
            f"{operations[0]!r} is no {'tool' if slashes == 2 else 'target'}: "
            f"it is namespace/server{'/tool' if slashes == 2 else ''}"
        )
    scopes = members.get("scopes")
    return Told(
        agent=members["agent"],
        operation=operations[0],
        arguments=members.get("args") or {},
        user=members.get("user"),
        groups=frozenset(members.get("groups") or ()),
        scopes=None if scopes is None else frozenset(scopes),
        level=members.get("level") or 0,
        chain=tuple(members.get("via") or ()),
        address=members.get("address") or "",
        headers=members.get("headers") or {},
    )


def _is(kind: str, value: JSON) -> bool:
    match kind:
        case "a text":
            return isinstance(value, str)
        case "a list of texts":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "a whole number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "an object with texts":
            return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return isinstance(value, dict)
