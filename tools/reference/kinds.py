"""The kinds of documents: every member, its type, its default and what it means."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import Discriminator, Tag, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from authz.directory import words
from authz.directory.documents import API_VERSION, SPECS, Metadata
from authz.directory.node import Node
from tools.reference.described import described, table

HEAD = f"""\
# Kinds of documents

Every member of every kind. [The directory](../directory.md) says how they belong together. `[]` is
each row of a list, `<name>` each name of a mapping. What is in italics is a word with a grammar,
told at the [end](#words). A member that is not here is refused by name.

Each document has four members: `apiVersion: {API_VERSION}`, `kind`, `metadata` and
`spec`. The sections named after kinds tell `spec`.
"""
NO_WORD = "\x00"
"""What no word is, so that each says what it expects."""

WORDS: Mapping[Any, str] = {
    hint: name for name, hint in vars(words).items() if get_origin(hint) is Annotated
}


def page() -> str:
    """Give the page."""
    kinds = (_section(f"Kind {name}", spec) for name, spec in SPECS.items())
    grammar = table(("word", "expected"), ((f"*{n}*", expected(w)) for w, n in WORDS.items()))
    return "\n".join([HEAD, _section("metadata", Metadata), *kinds, f"## Words\n\n{grammar}\n"])


def _section(title: str, spec: type[Node]) -> str:
    rows = table(("member", "type", "left out", "means"), _rows(spec, ""))
    return f"## {title}\n\n{inspect.getdoc(spec)}\n\n{rows}\n"


def _rows(node: type[Node], within: str) -> Iterator[tuple[str, str, str, str]]:
    hints, meanings = get_type_hints(node, include_extras=True), described(node)
    for name, field in node.model_fields.items():
        said = f"{within}{field.alias}"
        yield f"`{said}`", _type(hints[name]), _left_out(field), meanings[name]
        for inner, suffix in _inner(hints[name]):
            yield from _rows(inner, f"{said}{suffix}.")


def models_in(hint: Any) -> Iterator[type[Node]]:
    """Give the mappings with members of their own in *hint*."""
    return (node for node, _ in _inner(hint))


def _inner(hint: Any, suffix: str = "") -> Iterator[tuple[type[Node], str]]:
    """Give the mappings with members of their own in *hint*, and how one comes to them."""
    if isinstance(hint, type) and issubclass(hint, Node):
        yield hint, suffix
    added = {list: "[]", dict: ".<name>"}.get(get_origin(hint) or hint, "")
    for argument in get_args(hint):
        yield from _inner(argument, suffix + added)


def _type(hint: Any) -> str:
    if hint in WORDS:
        return f"*{WORDS[hint]}*"
    arguments = get_args(hint)
    match get_origin(hint):
        case origin if origin is Annotated:
            return _bounded(arguments)
        case origin if origin is list:
            return f"list of {_type(arguments[0])}"
        case origin if origin is dict:
            return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
        case origin if origin is Literal:
            return ", ".join(
                f"`{str(each).lower()}`" if each is True else f"`{each}`" for each in arguments
            )
        case origin if origin in {Union, types.UnionType}:
            return " or ".join(_type(each) for each in arguments if each is not types.NoneType)
    if isinstance(hint, type) and issubclass(hint, Node):
        return "mapping"
    return {bool: "`true`, `false`", int: "whole number", str: "text"}.get(hint, "anything")


def _bounded(arguments: tuple[Any, ...]) -> str:
    base, *rules = arguments
    grammar = tuple(rule for rule in rules if not isinstance(rule, Tag))
    if (word := next((each for each in WORDS if each.__metadata__ == grammar), None)) is not None:
        return _type(word)
    bounds = [each for rule in rules if isinstance(rule, FieldInfo) for each in rule.metadata]
    said = {type(each).__name__: each for each in bounds}
    if any(isinstance(rule, Discriminator) for rule in rules) or not said:
        return _type(base)
    if "MinLen" in said:
        return f"{_type(base)}, at least {said['MinLen'].min_length}"
    return f"{said['Ge'].ge} to {said['Le'].le}"


def _left_out(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        return "must be there"
    if default is None or default in ([], {}) or isinstance(default, Node):
        return "nothing"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def expected(word: Any) -> str:
    """Say what is expected where *word* stands, in its own words."""
    try:
        TypeAdapter(word).validate_python(NO_WORD)
    except ValidationError as error:
        return str(error.errors()[0]["ctx"]["what"])
    raise AssertionError(f"{NO_WORD!r} is a word")
