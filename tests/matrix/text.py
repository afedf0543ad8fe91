"""The matrix as a text that people review, and back.

A block is a caller at a target. In it operations that are answered alike stand
together, and under them one row an answer: step, reason, what the token carries
or what else is wanted, and whom it is for. Who is allowed is always named; of
the refusals the most frequent one is everybody else's.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from tests.matrix.asking import ANYBODY, Asked, Cell, Matrix, is_allow

HEAD = """\
Who may do what in the worked world of tests/world. Written by `make matrix`: read it, do not
edit it. A block is a caller at a target; a row is how operations are answered: the step, the
reason, the scopes of the token or the challenges to be met, and the users it is so for.
"""
WIDTH = 110
COLUMN = 48
"""Where the names of users begin."""

TO = " -> "
USERS = "users of "
OPERATIONS = "operations of "
SESSION, OTHERS = "session", "others"
"""Words for all operations of a target that are of kind `session`, and for all that are not."""

EVERYTHING = "every operation"
ELSE, ALL = "everybody else", "everybody"

Answers = Mapping[str, str]
"""What one operation is answered, by user."""


def write(asked: Asked) -> str:
    """Write the whole file: the users and operations that there are, then every answer."""
    parts = [HEAD]
    for owner, users in asked.users.items():
        width = max(len(user.label) for user in users)
        parts.append(f"\n{USERS}{owner}\n")
        parts += [f"  {user.label:<{width}}  {user.story}\n" for user in users]
    for target, rows in asked.operations.items():
        parts.append(f"\n{OPERATIONS}{target}\n")
        parts += [_wrapped(f"  {name:<9}", labels) for name, labels in rows.items() if labels]
    for (caller, target), operations in _blocks(asked.matrix).items():
        parts.append(f"\n{caller}{TO}{target}\n")
        for answers, labels in _alike(operations):
            parts.append(_wrapped("  ", _collected(labels, asked.operations[target])))
            parts += _rows(answers)
    return "".join(parts)


def _blocks(matrix: Matrix) -> dict[tuple[str, str], dict[str, dict[str, str]]]:
    blocks: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for cell, answer in matrix.items():
        operations = blocks.setdefault((cell.caller, cell.target), {})
        operations.setdefault(cell.operation, {})[cell.user] = answer
    return blocks


def _alike(operations: Mapping[str, Answers]) -> Iterator[tuple[Answers, list[str]]]:
    """Give operations that are answered alike together, in the order of the first of them."""
    labels: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for label, answers in operations.items():
        labels.setdefault(tuple(answers.items()), []).append(label)
    for rows, found in labels.items():
        yield dict(rows), found


def _collected(labels: list[str], known: Mapping[str, list[str]]) -> list[str]:
    """Give *labels*, with one word for all of a kind."""
    rest = list(labels)
    words: list[str] = []
    for word, meant in _words(known).items():
        if meant and set(meant) <= set(rest):
            rest, words = [label for label in rest if label not in meant], [*words, word]
    return [*rest, *words]


def _expanded(labels: Iterable[str], known: Mapping[str, list[str]]) -> Iterator[str]:
    words = _words(known)
    for label in labels:
        yield from words.get(label, [label])


def _words(known: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {EVERYTHING: [*known[OTHERS], *known[SESSION]], **known}


def _rows(answers: Answers) -> Iterator[str]:
    users: dict[str, list[str]] = {}
    for user, answer in answers.items():
        users.setdefault(answer, []).append(user)
    refusals = [each for each in users if not is_allow(each)]
    last = min(refusals, key=lambda each: (-len(users[each]), each), default="")
    named = sorted((each for each in users if each != last), key=_order)
    for answer in named:
        yield _wrapped(_led(answer), users[answer])
    if last:
        yield _wrapped(_led(last), [ELSE if named else ALL])


def _led(answer: str) -> str:
    step, _, said = answer.partition(" ")
    return f"{f'    {step:>2}  {said}':<{COLUMN - 2}}  "


def _order(answer: str) -> tuple[bool, int, str]:
    return not is_allow(answer), int(answer.split(maxsplit=1)[0]), answer


def _wrapped(lead: str, labels: Iterable[str]) -> str:
    """Write labels, apart by commas, none of them broken; later lines stand below the first."""
    rows = list(labels)
    assert not any(re.search(", |  ", row) for row in rows), "a label that cannot be read back"
    glued = ", ".join(row.replace(" ", "\0") for row in rows)
    below = " " * len(lead)
    width = WIDTH - len(below)
    lines = textwrap.wrap(glued, width, break_long_words=False, break_on_hyphens=False)
    return lead + f"\n{below}".join(lines).replace("\0", " ") + "\n"


def read(text: str) -> Matrix:
    """Give the matrix that a file says."""
    users: dict[str, list[str]] = {}
    operations: dict[str, dict[str, list[str]]] = {}
    found: dict[Cell, str] = {}
    for block in text.split("\n\n")[1:]:
        title, *lines = _joined(block)
        if title.startswith(USERS):
            users[title.removeprefix(USERS)] = [line.split("  ")[0] for line in lines]
        elif title.startswith(OPERATIONS):
            rows = {name: labels.split(", ") for name, labels in map(_halved, lines)}
            known = {SESSION: [], OTHERS: [], **rows}
            operations[title.removeprefix(OPERATIONS)] = known
        else:
            caller, target = title.split(TO)
            everybody = users[ANYBODY] + users.get(caller, [])
            for labels, answers in _read_operations(lines, everybody):
                for label in _expanded(labels, operations[target]):
                    found |= {Cell(caller, target, label, user): answers[user] for user in answers}
    return found


def _joined(block: str) -> list[str]:
    """Give the lines of a block without indentation, each joined with what it was wrapped to."""
    return re.sub(r",\n +", ", ", block.strip("\n")).replace("\n  ", "\n").split("\n")


def _halved(line: str) -> tuple[str, str]:
    name, _, rest = line.partition("  ")
    return name.strip(), rest.strip()


def _read_operations(
    lines: Iterable[str], everybody: list[str]
) -> Iterator[tuple[list[str], dict[str, str]]]:
    """Give operations with what they are answered, from the lines of a block."""
    rows: list[tuple[list[str], dict[str, str]]] = []
    for line in lines:
        if not line.startswith(" "):
            rows.append((line.split(", "), {}))
            continue
        step, said, names = re.split(" {2,}", line.strip())
        answers = rows[-1][1]
        rest = [user for user in everybody if user not in answers]
        found = rest if names in (ELSE, ALL) else names.split(", ")
        answers |= dict.fromkeys(found, f"{step} {said}")
    yield from rows
