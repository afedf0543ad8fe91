"""What the docstrings below members say: of a class's fields, or of an enumeration's values.

Python forgets these strings, so they are read from the source.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise


def described(owner: type) -> Mapping[str, str]:
    """
    Give, for each member of *owner* that has one, the docstring below it.

    A line break within a paragraph is a space.
    """
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    return dict(_pairs(body.body)) if isinstance(body, ast.ClassDef) else {}


def _pairs(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for member, below in pairwise(body):
        match member, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                paragraphs = inspect.cleandoc(text).split("\n\n")
                yield name, "\n\n".join(" ".join(each.split()) for each in paragraphs)


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Write a table in Markdown."""
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
