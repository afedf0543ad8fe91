"""The forms that a wall has in a syntax tree, and what stands there once it is gone."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tools.sabotage.conditions import Weaker, clauses, ends, presence, weaker
from tools.sabotage.walls import Text

NARROWING = frozenset({"intersection", "within"})
"""Methods that give no more than they are called on."""

REFUSALS = frozenset({"Absent", "Refused", "Rejected", "Unknown"})
"""Values that say no: what a function that returns one has turned away."""

Tree = ast.expr | ast.stmt | ast.pattern


@dataclass(frozen=True, slots=True)
class Removal:
    """What to write in place of a node, and how that is told."""

    node: Tree
    replacement: str
    told: str
    line: int


def _instead(node: Tree, replacement: str, told: str, at: Tree | None = None) -> Removal:
    return Removal(node, replacement, told, (at or node).lineno)


def guards(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """
    Every `if`: one that turns away never does, and one that answers early always does.

    And each of their clauses that is a wall of its own.
    """
    if not isinstance(node, ast.If):
        return
    answers = isinstance(node.body[-1], (ast.Return, ast.Continue))
    if answers and not turns_away(node.body[-1]):
        yield _instead(node.test, "True", f"always: {text.of(node.test)}")
        yield from _told(weaker(node.test, refuses=False), text)
    else:
        yield _instead(node.test, "False", f"never: {text.of(node.test)}")
        yield from _told(weaker(node.test, refuses=True), text)


def _told(found: Iterator[Weaker], text: Text) -> Iterator[Removal]:
    for part, replacement, gone in found:
        where = text.of(part)
        told = text.of(gone) if hasattr(gone, "lineno") else ast.unparse(gone)
        line = getattr(gone, "lineno", part.lineno)
        yield Removal(part, replacement, f"without {told} in: {where}", line)


def turns_away(statement: ast.stmt) -> bool:
    """Say whether *statement* ends a function with a no."""
    match statement:
        case ast.Raise():
            return True
        case ast.Return(value=ast.Call(func=ast.Name(id=name))) if name in REFUSALS:
            return True
        case ast.Return(value=None | ast.Constant(value=None | False)):
            return True
        case ast.Return(value=ast.Name(id="refused" | "foreign")):
            return True
    return False


def choices(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """
    Every `a if b else c` as if the side that gives nothing were never chosen.

    Both ways, where the form does not say which side that is. Whether something is there
    at all is no wall: without the question, its answer would fail.
    """
    if not isinstance(node, ast.IfExp) or presence(node.test):
        return
    if not _is_nothing(node.body):
        yield _instead(node.test, "True", f"always: {text.of(node.test)}")
    if not _is_nothing(node.orelse):
        yield _instead(node.test, "False", f"never: {text.of(node.test)}")


def predicates(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every answer of a function that says yes or no, both ways."""
    match node:
        case ast.FunctionDef(returns=ast.Name(id="bool")):
            for answer in _answers(node):
                yield _instead(answer, "False", f"no, instead of: {text.of(answer)}")
                yield _instead(answer, "True", f"yes, instead of: {text.of(answer)}")


def _answers(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for statement in ast.walk(function):
        match statement:
            case ast.Return(value=ast.expr() as answer) if not isinstance(answer, ast.Constant):
                yield answer


def arms(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every arm of a `match` that turns away, and every guard of an arm."""
    if not isinstance(node, ast.match_case):
        return
    if node.guard is not None:
        yield _instead(node.guard, "True", f"always: case … if {text.of(node.guard)}")
    elif turns_away(node.body[-1]):
        pattern = text.of(node.pattern)
        yield _instead(node.pattern, f"{pattern} if False", f"never: case {pattern}")


def last_words(node: ast.AST, parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every refusal that stands under no condition of its own."""
    if not isinstance(node, (ast.Raise, ast.Return)) or not turns_away(node):
        return
    is_plain = isinstance(node, ast.Return) and not isinstance(node.value, ast.Call)
    is_again = isinstance(node, ast.Raise) and node.exc is None
    if is_plain or is_again or isinstance(parent, ast.match_case):
        return
    if not (isinstance(parent, ast.If) and node in parent.body):
        yield _instead(node, "pass", f"without: {text.of(node)}")


def effects(node: ast.AST, parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every call that is made for its effect: in rooms that are pure it is a check."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id="assert_never"))):
            return  # It is for the type checker.
        case ast.Expr(value=ast.Call()):
            yield _instead(node, "pass", f"without: {text.of(node)}")
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            if not (isinstance(parent, ast.If) and parent.body[-1] is node):
                yield _instead(node, "yield from ()", f"without: {text.of(node)}")


def conjunctions(node: ast.AST, parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every clause of a condition that is an answer or a choice, and every end of a range there."""
    if isinstance(parent, (ast.If, ast.UnaryOp, ast.BoolOp)):
        return
    match node:
        case ast.BoolOp(values=[*_, last]) if not _is_nothing(last):
            yield from _told(clauses(node), text)
        case ast.Compare(ops=[_, _, *_]):
            yield from _told(ends(node), text)


def _is_nothing(value: ast.expr) -> bool:
    match value:
        case ast.Constant(value=None | False | 0 | "") | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="frozenset"), args=[]):
            return True
    return False


def filters(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every condition of a comprehension."""
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield _instead(test, "True", f"always: for … if {text.of(test)}")


def intersections(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every side of an intersection, and every limit of a `min`."""
    match node:
        case ast.BinOp(op=ast.BitAnd(), left=left, right=right):
            yield from _sides(node, (left, right), text)
        case ast.Call(func=ast.Name(id="min"), args=[_, _, *_] as limits):
            yield from _sides(node, limits, text)
        case ast.Call(func=ast.Attribute(attr=name, value=one), args=[other]) if name in NARROWING:
            kept = (one,) if isinstance(other, ast.Starred) else (one, other)
            yield from _sides(node, kept, text)


def _sides(node: ast.expr, sides: Sequence[ast.expr], text: Text) -> Iterator[Removal]:
    for side in sides:
        told = f"only {text.of(side)} of: {text.of(node)}"
        yield _instead(node, f"({ast.unparse(side)})", told)


def switches(node: ast.AST, _parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every yes or no that a call is told."""
    if not isinstance(node, ast.Call):
        return
    for keyword in node.keywords:
        if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool):
            other = str(not keyword.value.value)
            told = f"{keyword.arg}={other} in: {text.of(node)}"
            yield _instead(keyword.value, other, told, keyword.value)


def tables(node: ast.AST, parent: ast.AST | None, text: Text) -> Iterator[Removal]:
    """Every row of a table of the module."""
    match node:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            if isinstance(parent, ast.Module):
                yield from _rows(value, text)


def _rows(value: ast.expr, text: Text) -> Iterator[Removal]:
    match value:
        case ast.Call(func=ast.Name(id="frozenset"), args=[ast.Set() as inner]):
            yield from _rows(inner, text)
        case ast.Tuple(elts=rows) | ast.Set(elts=rows):
            for row in rows:
                rest = [each for each in rows if each is not row]
                fewer = ast.Tuple(rest) if isinstance(value, ast.Tuple) else ast.Set(rest)
                yield _instead(value, ast.unparse(fewer), f"row: {text.of(row)}", row)
        case ast.Dict(keys=keys, values=values):
            for index, (key, row) in enumerate(zip(keys, values, strict=True)):
                rest_keys = keys[:index] + keys[index + 1 :]
                rest_values = values[:index] + values[index + 1 :]
                told = f"row: {text.of(key)}" if key else f"rows: {text.of(row)}"
                yield _instead(
                    value, ast.unparse(ast.Dict(rest_keys, rest_values)), told, key or row
                )
