"""What the engine says of a mistake, with a way out for the author."""

from __future__ import annotations

import re

from authz.directory.diagnostics import nearest
from authz.policy.names import Names
from authz.policy.schema import FACTS, SESSION_ACTION, TOOLS_ACTION, tool_action

_PREFIX = re.compile(r"for policy `policy[0-9]+`[,:] *")
_ATTRIBUTE = re.compile(r"attribute `([^`]+)`.* not found")
_ACTION = re.compile(r"unrecognized action `Action::\"(.*)\"`")
_TYPE = re.compile(r"unrecognized entity type `([^`]+)`")

GROUPS = (TOOLS_ACTION, "mcp", "do:read", "do:write")


def in_our_words(message: str, names: Names) -> tuple[str, str]:
    """Give a validator's message without the engine's own id of the policy, and a hint."""
    plain = _PREFIX.sub("", message)
    if match := _ATTRIBUTE.search(plain):
        return plain, nearest(match[1], FACTS | names.arguments)
    if match := _ACTION.search(plain):
        actions = map(tool_action, names.entities["Tool"])
        return plain, nearest(match[1], [SESSION_ACTION, *GROUPS, *actions])
    if match := _TYPE.search(plain):
        return plain, nearest(match[1], [*names.entities, "User"])
    if "optional attribute" in plain:
        return plain, "ask with `has` first, in the same condition: a has x && a.x == ..."
    if "unable to find an applicable action" in plain:
        return plain, f"a group such as {TOOLS_ACTION} is named with `action in`, not `action ==`"
    return plain, ""


def syntax_hint(message: str) -> str:
    """Give what a parser's message most often means."""
    if re.search(r"unexpected token `(@|permit|forbid)`|unexpected end of input", message):
        return "a policy ends with a semicolon; is one missing?"
    if "unexpected token `=`" in message:
        return "equality is written =="
    return ""
