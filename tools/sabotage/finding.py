"""Finds the walls of a module by its syntax tree, so that a new one cannot be forgotten.

Nothing here knows a wall by name. What counts is its form: a condition, a part
of one, a refusal, a check that is called for its effect, an intersection, a row
of a table. A form that is no wall in some place has a test all the same, or the
line has no use.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.sabotage import forms
from tools.sabotage.forms import Removal
from tools.sabotage.walls import Text, Wall

Form = Callable[[ast.AST, ast.AST | None, Text], Iterator[Removal]]

FORMS: tuple[Form, ...] = (
    forms.guards,
    forms.choices,
    forms.predicates,
    forms.arms,
    forms.last_words,
    forms.effects,
    forms.conjunctions,
    forms.filters,
    forms.intersections,
    forms.switches,
    forms.tables,
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node, what it stands in, and whether the function around it answers yes or no."""

    node: ast.AST
    parent: ast.AST | None
    within: str


def find_walls(file: str, text: str) -> tuple[Wall, ...]:
    """
    Give the walls of one module in the order of its lines.

    Raises:
        SyntaxError: *text*, or what is left of it without one of its walls, is no Python.
    """
    source, found = Text(text), dict[tuple[int, int, str], Wall]()
    for place in _places(ast.parse(text), None, ""):
        for form in FORMS:
            for removal in form(place.node, place.parent, source):
                wall = _wall(file, place.within, removal, source)
                compile(wall.edit.applied(text), file, "exec", dont_inherit=True)
                edit = wall.edit
                found.setdefault((edit.start, edit.end, edit.replacement), wall)
    return tuple(sorted(found.values(), key=lambda wall: (wall.edit.start, wall.removed)))


def _wall(file: str, within: str, removal: Removal, source: Text) -> Wall:
    edit = source.instead(removal.node, removal.replacement)
    return Wall(file, removal.line, within, removal.told, edit)


def _places(node: ast.AST, parent: ast.AST | None, within: str) -> Iterator[_Place]:
    """Walk the tree. Types say nothing at run time, and texts for people are no walls."""
    name = _name_of(node)
    within = f"{within}.{name}".removeprefix(".") if name else within
    yield _Place(node, parent, within)
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                yield from _places(child, node, within)


def _name_of(node: ast.AST) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name if name.isupper() else ""
    return ""
