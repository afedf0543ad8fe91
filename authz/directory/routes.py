"""HTTP routes: the templates of their paths, and the one that a request means.

Segment by segment: a literal is itself, and a variable in braces takes one
segment that is not empty, nor white space alone. Where a literal stands no variable
takes its segment, in no spelling: an upstream that folds case or full-width letters,
trims, or decodes first, would read the literal there. So there is one way down at
most, and nothing is tried twice.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from authz.directory.offers import HTTPRoute, SubjectRule

MAX_SEGMENTS = 32

_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
"""Unreserved characters alone (RFC 3986 section 2.3): a request that spells one of them in
another way is refused before it is looked up."""

_VARIABLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]{0,63}\}")

Segments = tuple[str | None, ...]
"""Of a template: a literal, or None for a variable, whatever it is called."""


@dataclass(frozen=True, slots=True)
class PublicRoute:
    """What anybody may ask for: nobody is proven, and nobody is named to the upstream."""

    method: str
    path: str
    """The template."""


Route = HTTPRoute | PublicRoute


def is_template(text: str) -> bool:
    """Say whether *text* is a template: `/`, or segments without an empty one among them."""
    if text == "/":
        return True
    first, *segments = text.split("/")
    return not first and 0 < len(segments) <= MAX_SEGMENTS and all(map(_is_segment, segments))


def _is_segment(text: str) -> bool:
    is_literal = _LITERAL.fullmatch(text) is not None and text not in (".", "..")
    return is_literal or _VARIABLE.fullmatch(text) is not None


def segments_of(template: str) -> Segments:
    """Give the segments of a template."""
    parts = template.removeprefix("/").split("/")
    return tuple(None if part.startswith("{") else part for part in parts)


def collide(one: Segments, other: Segments) -> bool:
    """
    Say whether a path can mean both, and neither is the nearer in every segment.

    Two templates that differ in the names of variables or in case alone are the
    nearest such pair; `/a/{x}` and `/{y}/b` are another, for an upstream may
    take either for `/a/b`; so are `/A/{x}` and `/a/b`, for one that folds case.
    """
    if len(one) != len(other):
        return False
    nearer = further = twisted = False
    for left, right in zip(one, other, strict=True):
        if left is not None and right is not None:
            if left.casefold() != right.casefold():
                return False
            twisted = twisted or left != right
        nearer = nearer or (left is not None and right is None)
        further = further or (left is None and right is not None)
    return twisted or nearer is further


@dataclass(frozen=True, slots=True)
class Node:
    """Where some first segments lead."""

    route: Route | None = None
    literals: Mapping[str, Node] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()
    """The literals as a reader has them that folds."""

    variable: Node | None = None

    def find(self, segments: Sequence[str]) -> Route | None:
        """Give what the rest of a path leads to."""
        if not segments:
            return self.route
        first, rest = segments[0], segments[1:]
        below = self.literals.get(first)
        if below is None:
            folded = _folded(first)
            below = self.variable if folded and folded not in self.folded else None
        return below.find(rest) if below else None


@dataclass(frozen=True, slots=True)
class Routes:
    """Every route of a service, the public ones among them."""

    listed: Mapping[str, HTTPRoute] = field(default_factory=dict)
    """By own name, those that an agent may list."""

    by_method: Mapping[str, Node] = field(default_factory=dict)
    take_users: bool = False
    """Whether any of them is, or can be, requested for a user."""

    @classmethod
    def of(cls, routes: Iterable[Route]) -> Routes:
        """Make *routes*, no two of which collide, ready to be looked up."""
        by_method: dict[str, list[tuple[Segments, Route]]] = {}
        listed: dict[str, HTTPRoute] = {}
        for route in routes:
            by_method.setdefault(route.method, []).append((segments_of(route.path), route))
            if isinstance(route, HTTPRoute):
                listed[route.own_name] = route
        nodes = {method: _node(rows) for method, rows in by_method.items()}
        take_users = any(route.subject is not SubjectRule.NONE for route in listed.values())
        return cls(listed, nodes, take_users)

    def find(self, method: str, path: str) -> Route | None:
        """
        Give the route that a request means; None where none is declared for it.

        Args:
            method: As it was sent; methods differ by case.
            path: A plain path (`protocols.http`), without a query.
        """
        node = self.by_method.get(method)
        return node.find(path.removeprefix("/").split("/")) if node else None


NO_ROUTES = Routes()


def _folded(segment: str) -> str:
    """Give *segment* as a reader has it that decodes, trims, and folds all there is to fold."""
    return unicodedata.normalize("NFKC", unquote(segment)).strip().casefold()


def _node(rows: Iterable[tuple[Segments, Route]]) -> Node:
    route: Route | None = None
    below: dict[str | None, list[tuple[Segments, Route]]] = {}
    for segments, found in rows:
        if segments:
            below.setdefault(segments[0], []).append((segments[1:], found))
        else:
            route = found
    literals = {name: _node(rest) for name, rest in below.items() if name is not None}
    variable = below.get(None)
    folded = frozenset(map(_folded, literals))
    return Node(route, literals, folded, _node(variable) if variable else None)
