"""Names in policies that nothing has: a rule on one never holds, and a forbid never forbids.

The validator lets such a name pass: any text may be an entity's id, and `has`
may ask for any attribute. What only the directory knows is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from authz.directory.compiled import Directory, TargetKind
from authz.directory.diagnostics import Severity, nearest
from authz.directory.offers import Offer
from authz.policy.offers import entity_of
from authz.policy.paths import ARGUMENTS, HEADERS, INPUT, path_of
from authz.policy.remarks import Remark, annotation, attribute, entity, quoted
from authz.policy.schema import FACTS
from authz.policy.shapes import Shape

BY_POINTER = (ARGUMENTS, ("context", "unknownArgs"), ("context", "untypedArgs"))
"""What names arguments by JSON Pointer (RFC 6901 section 3)."""

_POINTER = re.compile(r"(/([^~/]|~[01])*)+")
_BARE_TILDE = re.compile(r"~(?![01])")

OFFERS = ("MCPResource", "Prompt", "Tasks", "Tool", "HTTPRoute")


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a world declares."""

    entities: Mapping[str, frozenset[str]]
    """Ids by entity type, for the types whose ids are all declared."""

    issuers: frozenset[str]
    """What the id of a user begins with."""

    arguments: frozenset[str]
    """Names of arguments of any tool, at any depth."""

    headers: frozenset[str]
    scopes: frozenset[str]

    @classmethod
    def of(cls, directory: Directory, shapes: Iterable[Shape]) -> Names:
        """Collect the names of *directory*, and of the arguments that its tools take."""
        targets = directory.targets.values()
        offers = [offer for target in targets for offer in target.offers]
        kinds = {
            kind: frozenset(row.name for row in targets if row.kind is kind) for kind in TargetKind
        }
        return cls(
            entities={
                "Agent": frozenset(directory.agents),
                "Group": frozenset(
                    f"{issuer.name}/{group}"
                    for issuer in directory.issuers.values()
                    for group in issuer.groups
                ),
                "HTTPService": kinds[TargetKind.HTTP_SERVICE],
                "MCPServer": kinds[TargetKind.MCP_SERVER],
                "Namespace": directory.namespaces,
                "Role": frozenset(directory.roles),
                **{kind: _named(kind, offers) for kind in OFFERS},
            },
            issuers=frozenset(directory.issuers),
            arguments=frozenset(name for shape in shapes for name in _names_in(shape)),
            headers=directory.gate.policy_headers,
            scopes=frozenset().union(
                *(each.scopes for each in offers), *(row.session_scopes for row in targets)
            ),
        )


def _named(kind: str, offers: Iterable[Offer]) -> frozenset[str]:
    """Give the ids of the offers that are entities of *kind*."""
    return frozenset(name for each, name in map(entity_of, offers) if each == kind)


def _names_in(shape: Shape) -> Iterator[str]:
    for name, field in shape.fields.items():
        yield name
        yield from _names_in(field.shape)
    if shape.element is not None:
        yield from _names_in(shape.element)


def unknown_names(policy: Mapping[str, Any], names: Names) -> Iterator[Remark]:
    """Give a remark for every name of *policy* (the engine's JSON form) that nothing has."""
    for node in nodes_of(policy):
        match node:
            case {"type": str(kind), "id": str(name)}:
                yield from _entity(kind, name, names)
            case {"has": {"left": base, "attr": str(name)}}:
                yield from _attribute(path_of(base), name, names)
            case {"hasTag": {"left": base, "right": {"Value": str(name)}}}:
                yield from _header(path_of(base), name, names)
        yield from _no_pointers(node)


def unknown_scopes(written: str, names: Names) -> Iterator[Remark]:
    """Give a remark for every scope of a permit's `@scope` that nothing requires."""
    for scope in sorted(frozenset(written.split()) - names.scopes):
        hint, about = nearest(scope, names.scopes), annotation("scope", written)
        yield Remark(f"@scope: nothing requires {scope}", hint, Severity.WARNING, about)


def nodes_of(value: Any) -> Iterator[Mapping[str, Any]]:
    """Give every object that *value*, in a JSON form, consists of."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _entity(kind: str, name: str, names: Names) -> Iterator[Remark]:
    about = entity(kind, name)
    if kind == "User":
        issuer = name.partition("/")[0]
        if issuer not in names.issuers:
            hint = nearest(issuer, names.issuers)
            yield Remark(f"there is no Issuer {issuer}", hint, about=about)
        return
    known = names.entities.get(kind)
    if known is not None and name not in known:
        told = f"no Issuer may assert the group {name}" if kind == "Group" else ""
        message = told or f"no document declares the {kind} {name}"
        yield Remark(message, nearest(name, known), about=about)


def _attribute(path: tuple[str, ...], name: str, names: Names) -> Iterator[Remark]:
    about = attribute(*path, name)
    if path[:2] == INPUT:
        if name not in names.arguments:
            # A rule for tools to come is no mistake, so this does not keep a world from loading.
            message = f"no tool has an argument {name}, so this never holds"
            yield Remark(message, nearest(name, names.arguments), Severity.WARNING, about)
    elif path and name not in FACTS:
        message = f"nothing has an attribute {name}, so this never holds"
        yield Remark(message, nearest(name, FACTS), about=about)


def _header(path: tuple[str, ...], name: str, names: Names) -> Iterator[Remark]:
    if path == HEADERS and name not in names.headers:
        message = f"policies may not read the header {name}, so this never holds"
        hint = nearest(name, names.headers) or "list it in the Gate's policyHeaders"
        yield Remark(message, hint, about=(("hasTag", "(", quoted(name)),))


def _no_pointers(node: Mapping[str, Any]) -> Iterator[Remark]:
    for path, name in _looked_for(node):
        if path in BY_POINTER and _POINTER.fullmatch(name) is None:
            message = f"{name!r} is no JSON Pointer of an argument, so this never holds"
            yield Remark(message, _as_pointer(name), about=((quoted(name),),))


def _as_pointer(name: str) -> str:
    """Hint at what was meant: a name, a path of jq's or JSONPath's kind, or a `~` as it is."""
    if name.startswith("/"):
        escaped = _BARE_TILDE.sub("~0", name)
        return f'write "{escaped}", for ~ is ~0 there and a / in a name ~1'
    is_path = name.startswith((".", "$"))
    plain = name.lstrip("$.").replace(".", "/") if is_path else name
    return f'write "/{plain}"' if plain else ""


def _looked_for(node: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give the texts that *node* looks for by name, and where."""
    for operator in ("hasTag", "contains", "containsAll", "containsAny"):
        match node.get(operator):
            case {"left": base, "right": {"Value": str(name)}}:
                yield path_of(base), name
            case {"left": base, "right": {"Set": list(members)}}:
                names = (each.get("Value") for each in members)
                yield from ((path_of(base), name) for name in names if isinstance(name, str))
