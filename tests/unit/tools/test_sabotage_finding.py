"""Walls are found by their form, and what is left without one is what it says."""

from __future__ import annotations

import pytest

from tools.sabotage.finding import find_walls
from tools.sabotage.rooms import GATE, Rooms, TooFewWalls
from tools.sabotage.second_walls import SECOND_WALLS, NoSuchWall, SecondWall, reasons_of
from tools.sabotage.walls import Wall

FORMS = {
    "a guard that raises": ("if a > 1:\n    raise ValueError", {"if False:\n    raise ValueError"}),
    "a guard by clauses": (
        "if a or not (b and c):\n    raise ValueError",
        {
            "if False:\n    raise ValueError",
            "if (not (b and c)):\n    raise ValueError",
            "if (a):\n    raise ValueError",
            "if a or not ((c)):\n    raise ValueError",
            "if a or not ((b)):\n    raise ValueError",
        },
    ),
    "when a guard stands is no wall": (
        "if a and b:\n    raise ValueError",
        {"if False:\n    raise ValueError"},
    ),
    "both ends of a range": (
        "if not 0 <= a < 9:\n    raise ValueError",
        {
            "if False:\n    raise ValueError",
            "if not (a < 9):\n    raise ValueError",
            "if not (0 <= a):\n    raise ValueError",
        },
    ),
    "a guard that refuses": (
        "def f():\n    if a:\n        return Refused(1)\n    return b",
        {"def f():\n    if False:\n        return Refused(1)\n    return b"},
    ),
    "an early yes": (
        "def f():\n    if a and b:\n        return c\n    return Refused(1)",
        {
            "def f():\n    if True:\n        return c\n    return Refused(1)",
            "def f():\n    if (b):\n        return c\n    return Refused(1)",
            "def f():\n    if (a):\n        return c\n    return Refused(1)",
            "def f():\n    if a and b:\n        return c\n    pass",
        },
    ),
    "a last word": ("a = 1\nraise ValueError", {"a = 1\npass"}),
    "the same error again is no wall": ("try:\n    a = 1\nexcept ValueError:\n    raise", set()),
    "a check called for its effect": ("_check(a)", {"pass"}),
    "a mistake that is told": ("def f():\n    yield a", {"def f():\n    yield from ()"}),
    "an arm that refuses": (
        "match a:\n    case 1:\n        raise ValueError",
        {"match a:\n    case 1 if False:\n        raise ValueError"},
    ),
    "a guard of an arm": (
        "match a:\n    case 1 if b:\n        a = 2",
        {"match a:\n    case 1 if True:\n        a = 2"},
    ),
    "an intersection": ("a = b & c", {"a = (b)", "a = (c)"}),
    "an intersection of many": ("a = b.intersection(*c)", {"a = (b)"}),
    "the earliest end": ("a = min(b, c)", {"a = (b)", "a = (c)"}),
    "a filter": ("a = [b for b in c if b]", {"a = [b for b in c if True]"}),
    "a choice": ("a = b if c > 1 else d", {"a = b if True else d", "a = b if False else d"}),
    "a choice against nothing": ("a = b if c > 1 else ()", {"a = b if True else ()"}),
    "a choice for nothing": ("a = None if c > 1 else b", {"a = None if False else b"}),
    "whether something is there is no wall": ("a = b.c if b is not None else d", set()),
    "what another clause looks at is no wall": (
        "a = b is not None and b.c > 1 and d",
        {"a = ((b is not None) and (d))", "a = ((b is not None) and (b.c > 1))"},
    ),
    "a type checker's last word is no wall": ("assert_never(a)", set()),
    "a predicate": (
        "def f() -> bool:\n    return a",
        {"def f() -> bool:\n    return True", "def f() -> bool:\n    return False"},
    ),
    "a switch": ("a = f(strict=True)", {"a = f(strict=False)"}),
    "rows of a tuple": ('A = ("x", *B)', {"A = (*B,)", "A = ('x',)"}),
    "rows of a set": (
        'A = frozenset({"x", "y"})',
        {"A = frozenset({'y'})", "A = frozenset({'x'})"},
    ),
    "the only row": ('A = frozenset({"x"})', {"A = frozenset({*()})"}),
    "rows of a mapping": ('A = {"x": 1, **B}', {"A = {**B}", "A = {'x': 1}"}),
    "a text for people is no wall": ('a = f"{b if c > 1 else d}"', set()),
    "a type is no wall": ("a: b & c = d", set()),
}


@pytest.mark.parametrize(("text", "left"), FORMS.values(), ids=FORMS)
def test_forms(text: str, left: set[str]) -> None:
    """Each form of wall is found, and is taken away as its form asks."""
    assert {wall.edit.applied(text) for wall in find_walls("a.py", text)} == left


def test_place() -> None:
    """A wall says where it stands, in letters that are no ASCII too."""
    text = 'A = "é"\n\n\ndef check(b):\n    if b == "é" or b:\n        raise ValueError("é")\n'
    walls = find_walls("authz/steps/a.py", text)

    assert [str(wall) for wall in walls] == [
        'authz/steps/a.py:5 check: never: b == "é" or b',
        'authz/steps/a.py:5 check: without b == "é" in: b == "é" or b',
        'authz/steps/a.py:5 check: without b in: b == "é" or b',
    ]


NEW_GUARDS = {
    "a refusal": "    if given.now > 7:\n        return Refused(Reason.FORBIDDEN, '')\n",
    "an error": "    if given.now > 7:\n        raise TokenRejected('')\n",
    "a check": "    _check_new_thing(given)\n",
}


@pytest.mark.parametrize("path", [wall.file for wall in GATE.walls()][::40])
@pytest.mark.parametrize("guard", NEW_GUARDS.values(), ids=NEW_GUARDS)
def test_a_new_guard_is_found(path: str, guard: str) -> None:
    """A wall that is added to any module of the rooms cannot be forgotten."""
    text = (GATE.root / path).read_text()
    before = [wall.removed for wall in find_walls(path, text)]
    added = find_walls(path, f"{text}\n\ndef new(given):\n{guard}    return given\n")

    assert [wall.removed for wall in added[: len(before)]] == before
    assert [wall.within for wall in added[len(before) :]] == ["new"]


def test_a_new_step_is_found() -> None:
    """A row that is added to the table of steps is a wall."""
    file = "authz/decide.py"
    text = (GATE.root / file).read_text()
    new = text.replace(
        "    Step(12, describe_token),", "    Step(11, new),\n    Step(12, describe_token),"
    )
    rows = {wall.removed for wall in find_walls(file, new)}

    assert rows - {wall.removed for wall in find_walls(file, text)} == {"row: Step(11, new)"}


def test_too_few_walls() -> None:
    """Few walls mean that finding is broken; so does a room without a file."""
    tiers = "authz/policy/tiers.py"
    assert Rooms(GATE.root, (tiers,), fewest=1).walls()
    with pytest.raises(TooFewWalls, match="at least"):
        Rooms(GATE.root, (tiers,), fewest=40).walls()
    with pytest.raises(TooFewWalls, match="where it went"):
        Rooms(GATE.root, (tiers, "authz/policy/moved.py"), fewest=1).walls()


def test_second_walls_match() -> None:
    """Every entry of the table of second walls names a wall, and gives its reason."""
    walls = GATE.walls()
    reasons = reasons_of(walls, GATE.second)

    assert len(reasons) >= len(SECOND_WALLS)
    assert all(reasons.values())


def test_a_second_wall_that_is_gone() -> None:
    """An entry that matches no wall is a mistake."""
    (wall,) = find_walls("a.py", "if a:\n    raise ValueError")
    entry = SecondWall(wall.file, wall.within, wall.removed, "b stands in front")

    assert reasons_of([wall], [entry]) == {wall: "b stands in front"}
    with pytest.raises(NoSuchWall):
        reasons_of([wall], [entry, SecondWall("a.py", "", "never: b", "c stands in front")])


def test_edit_counts_bytes() -> None:
    """An edit behind letters that are no ASCII hits what it means."""
    text = 'b = "é" + c("é") if d > 1 else e'
    walls: tuple[Wall, ...] = find_walls("a.py", text)

    assert {wall.edit.applied(text) for wall in walls} == {
        'b = "é" + c("é") if True else e',
        'b = "é" + c("é") if False else e',
    }
