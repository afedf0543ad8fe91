"""What is left of a condition once a part of it no longer turns anybody away."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Weaker(NamedTuple):
    """A part of a condition, what to write in its place, and the clause that is gone."""

    part: ast.expr
    replacement: str
    gone: ast.expr


def weaker(test: ast.expr, *, refuses: bool) -> Iterator[Weaker]:
    """
    Give every way to take one clause out of *test* so that less is refused.

    Args:
        test: The condition.
        refuses: Whether it is what holds that is refused, or what does not hold.

    Of `a or b` that refuses, either clause is a wall of its own; of `a and b` that lets
    through, either too. The other clauses only say when a wall stands.
    """
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from weaker(operand, refuses=not refuses)
        case ast.BoolOp(op=op, values=values):
            if isinstance(op, ast.Or) is refuses:
                yield from clauses(test)
            for value in values:
                yield from weaker(value, refuses=refuses)
        case ast.Compare(ops=[_, _, *_]) if not refuses:
            yield from ends(test)


def presence(test: ast.expr) -> ast.expr | None:
    """Give what *test* looks whether it is there at all; None where it asks for more."""
    match test:
        case ast.Name() | ast.Attribute():
            return test
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return presence(inner)
        case ast.Compare(
            left=inner, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]
        ):
            return presence(inner)
    return None


def _looks_into(clause: ast.expr, what: ast.expr | None) -> bool:
    return what is not None and any(
        isinstance(node, (ast.Attribute, ast.Subscript))
        and ast.unparse(node.value) == ast.unparse(what)
        for node in ast.walk(clause)
    )


def clauses(test: ast.BoolOp) -> Iterator[Weaker]:
    """
    Give *test* without each of its clauses.

    A clause that only says that there is something for another one to look at is none:
    without it the other would fail.
    """
    word = " and " if isinstance(test.op, ast.And) else " or "
    for clause in test.values:
        others = (each for each in test.values if each is not clause)
        if any(_looks_into(other, presence(clause)) for other in others):
            continue
        yield Weaker(test, _joined(word, test.values, clause), clause)


def ends(test: ast.Compare) -> Iterator[Weaker]:
    """Give a range without each of its ends."""
    sides = [test.left, *test.comparators]
    pairs = [
        ast.Compare(sides[index], [op], [sides[index + 1]]) for index, op in enumerate(test.ops)
    ]
    for pair in pairs:
        yield Weaker(test, _joined(" and ", pairs, pair), pair)


def _joined(word: str, parts: Sequence[ast.expr], gone: ast.expr) -> str:
    rest = [f"({ast.unparse(each)})" for each in parts if each is not gone]
    return f"({word.join(rest)})" if len(rest) > 1 else rest[0]
