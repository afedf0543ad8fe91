"""What the engine's validator says, with a way out and the words that it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from authz.directory.compiled import Lifecycle
from authz.directory.diagnostics import nearest
from authz.policy.names import Names
from authz.policy.paths import INPUT
from authz.policy.remarks import Remark, attribute, entity, quoted, reading
from authz.policy.schema import (
    FACTS,
    GROUPS,
    SESSION_ACTION,
    TOOLS_ACTION,
    route_action,
    tool_action,
)

NO_ACTION = "unable to find an applicable action"

_PREFIX = re.compile(r"for policy `policy[0-9]+`[,:] *")
_EQUAL = ("action", "=", "=", "Action", ":", ":")


def without_id(message: str) -> str:
    """Give a validator's message without the engine's own id of the policy."""
    return _PREFIX.sub("", message)


def in_our_words(message: str, names: Names) -> Remark:
    """Give a hint to a validator's message, and the words that it is about."""
    for pattern, remark in _REMARKS.items():
        if match := re.search(pattern, message):
            return remark(match, names)
    return Remark(message)


def _no_attribute(match: re.Match[str], names: Names) -> Remark:
    """Tell an attribute that nothing has from one that something else has."""
    path = match[1].split(".")
    name, places = path[-1], attribute(*path)
    known = names.arguments if path[:-1] == [INPUT[-1]] else FACTS | names.arguments
    if name not in known:
        return Remark(match.string, nearest(name, known), about=places)
    hint = f"not everything has {name}: name what has it, or ask with `is` or `has` first"
    return Remark(match.string, hint, perhaps=places)


def _optional(match: re.Match[str], _: Names) -> Remark:
    hint = "ask with `has` first, in the same condition: a has x && a.x == ..."
    return Remark(match.string, hint, perhaps=reading(*match[1].split(".")))


def _tag(match: re.Match[str], _: Names) -> Remark:
    hint = "ask with `hasTag` first, in the same condition"
    return Remark(match.string, hint, perhaps=(("getTag", "(", _string(match[1])),))


def _action(match: re.Match[str], names: Names) -> Remark:
    tools = map(tool_action, names.entities["Tool"])
    routes = map(route_action, names.entities["HTTPRoute"])
    hint = nearest(match[1], [SESSION_ACTION, *GROUPS, *tools, *routes])
    return Remark(match.string, hint, about=entity("Action", match[1]))


def _type(match: re.Match[str], names: Names) -> Remark:
    hint = nearest(match[1], [*names.entities, "User"])
    return Remark(match.string, hint, about=((match[1], ":", ":"), ("is", match[1])))


def _state(match: re.Match[str], _: Names) -> Remark:
    hint = nearest(match[1], map(str, Lifecycle))
    return Remark(match.string, hint, about=entity("Lifecycle", match[1]))


def _literal(match: re.Match[str], _: Names) -> Remark:
    return Remark(match.string, about=((_string(match[1]),),))


def _decimal(match: re.Match[str], _: Names) -> Remark:
    hint = 'a decimal has a point and one to four digits behind it, such as "500.0"'
    return Remark(match.string, hint, about=((_string(match[1]),),))


def _compared(match: re.Match[str], _: Names) -> Remark:
    return Remark(match.string, _COMPARING[match[1]])


def _no_action(match: re.Match[str], _: Names) -> Remark:
    hint = f"a group such as {TOOLS_ACTION} is named with `action in`, not `action ==`"
    return Remark(match.string, hint, about=tuple((*_EQUAL, quoted(group)) for group in GROUPS))


_COMPARING = {
    "decimal": 'a decimal is compared by a.lessThanOrEqual(decimal("500.0")), '
    "lessThan, greaterThan or greaterThanOrEqual",
    "ipaddr": 'an address is asked for its network: a.isInRange(ip("10.0.0.0/8"))',
}
"""What takes the place of `<` and `<=` for types that have none."""

_REMARKS: dict[str, Callable[[re.Match[str], Names], Remark]] = {
    r"attribute `([^`]+)`.* not found": _no_attribute,
    r"optional attribute `([^`]+)`": _optional,
    r'access to tag `(".*")`': _tag,
    r'unrecognized action `Action::"(.*)"`': _action,
    r"unrecognized entity type `([^`]+)`": _type,
    r'entity `Lifecycle::"(.*)"` is of an enumerated': _state,
    r'failed to parse as a decimal value: `(".*")`': _decimal,
    r'failed to parse as .*: `(".*")`': _literal,
    r"expected .*Long but saw (decimal|ipaddr)$": _compared,
    NO_ACTION: _no_action,
}
"""What to say where a message has this in it."""


def _string(literal: str) -> str:
    """Give the token of a string that a message shows as one."""
    try:
        return quoted(json.loads(literal))
    except ValueError:
        return literal
