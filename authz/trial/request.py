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
    "prompt": TEXT,
    "resource": TEXT,
    "route": TEXT,
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

OPERATIONS: Mapping[str, str] = {
    "tool": "namespace/server/tool",
    "prompt": "namespace/server/prompt",
    "resource": "namespace/server/URI",
    "route": "namespace/service/METHOD /path",
    "session": "namespace/server",
}
"""What can be asked for, and how it is named; one of them is."""


def read_request(text: bytes) -> Told:
    """
    Read a request file.

    Raises:
        Untellable: no JSON object, an unknown member, one of another type, or
            not exactly one of `OPERATIONS`.
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
        Untellable: no agent; not exactly one of `OPERATIONS`.
    """
    if not members.get("agent"):
        raise Untellable("no agent is told; it is namespace/name")
    operations = [(kind, members[kind]) for kind in OPERATIONS if members.get(kind)]
    if len(operations) != 1:
        raise Untellable(f"expected one of {', '.join(OPERATIONS)}, such as {OPERATIONS['tool']}")
    ((kind, operation),) = operations
    form = OPERATIONS[kind]
    if operation.count("/") < form.count("/"):
        what = "target" if kind == "session" else kind
        raise Untellable(f"{operation!r} is no {what}: it is {form}")
    scopes = members.get("scopes")
    return Told(
        agent=members["agent"],
        operation=operation,
        kind=kind,
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
