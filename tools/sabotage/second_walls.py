"""Walls that stand behind another on purpose, so that no test can tell that they are gone.

Each entry names its wall exactly and the wall in front of it. An entry that
matches no wall, or whose wall does turn a test red, is a mistake of this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.sabotage.walls import Wall


@dataclass(frozen=True, slots=True)
class SecondWall:
    """One entry."""

    file: str
    within: str
    removed: str
    """As the table of walls tells it, in full."""

    because: str
    """Which wall stands in front, or why nothing can come here."""


_ASKED_FOR = "describe_token asks for it itself, so without it there is a fault all the same"
_TEXTS = "the check above let only texts through; the filter tells the type checker so"
_LENGTHS = "the two lengths are compared above"

SECOND_WALLS: tuple[SecondWall, ...] = (
    *(
        SecondWall("authz/steps/token.py", "CLEARED", f"row: {fact}", _ASKED_FOR)
        for fact in ("Asked", "Caller", "Credential", "Judgement", "Link")
    ),
    SecondWall(
        "authz/steps/credential.py",
        "read_login",
        "without recipient is None in: recipient is None or caller is None",
        "where nobody is known whom a token of ours is for, none is proven",
    ),
    SecondWall(
        "authz/steps/subject.py",
        "prove_subject",
        "without facts.find(Bearer) in: facts.find(Bearer)"
        " or _prove_bearer(given, facts, recipient)",
        "a token that step 2 has proven is good here too; it only costs a second signature",
    ),
    SecondWall(
        "authz/steps/idp_token.py", "_strings", "always: for … if isinstance(row, str)", _TEXTS
    ),
    SecondWall(
        "authz/identity/access_token.py",
        "_audiences",
        "always: for … if isinstance(row, str)",
        _TEXTS,
    ),
    SecondWall(
        "authz/claims/check.py",
        "_check_who",
        "without ALWAYS <= members.keys() in: ALWAYS <= members.keys() <= ALWAYS | SOMETIMES",
        "each member that is always there is read by its name, and missing is a KeyError",
    ),
    SecondWall(
        "authz/directory/routes.py",
        "collide",
        "strict=False in: zip(one, other, strict=True)",
        _LENGTHS,
    ),
    SecondWall(
        "authz/model/resource_uri.py",
        "ResourceUri.matches",
        "strict=False in: zip(parts, self.segments, strict=True)",
        _LENGTHS,
    ),
    SecondWall(
        "authz/model/resource_uri.py",
        "ResourceUri.resembles",
        "strict=False in: zip(declared, asked, strict=True)",
        _LENGTHS,
    ),
    SecondWall(
        "authz/model/resource_uri.py",
        "ResourceUri.overlaps",
        "strict=False in: zip(self.segments, other.segments, strict=True)",
        _LENGTHS,
    ),
    SecondWall(
        "authz/tokens/schedule.py",
        "schedule",
        "strict=False in: zip(moments, [*moments[1:], LATEST], strict=True)",
        "the second list is made from the first, and as long",
    ),
    SecondWall(
        "authz/policy/judge.py",
        "_denied",
        "strict=False in: zip(legs, verdicts, strict=True)",
        "the second list is made from the first, one line above",
    ),
    SecondWall(
        "authz/policy/verdicts.py",
        "read_verdict",
        "without reason is Reason.FORBIDDEN in: reason is Reason.FORBIDDEN and"
        " not result.diagnostics.errors",
        "only a forbid can be lifted, and a leg of another reason names none",
    ),
    SecondWall(
        "authz/protocols/mcp.py",
        "agrees_with_mirrors",
        "always: mirror in annotated",
        "a mirror of nothing is compared with all arguments, and no header says an object",
    ),
)


class NoSuchWall(ValueError):
    """An entry that matches no wall; the message names it."""


def reasons_of(walls: Sequence[Wall], entries: Iterable[SecondWall]) -> dict[Wall, str]:
    """
    Give the reason of every wall that stands behind another.

    Raises:
        NoSuchWall: an entry matches none of *walls*: it was moved, changed or is gone.
    """
    reasons: dict[Wall, str] = {}
    for entry in entries:
        named = (entry.file, entry.within, entry.removed)
        found = [wall for wall in walls if (wall.file, wall.within, wall.removed) == named]
        if not found:
            raise NoSuchWall(f"no such wall: {entry.file} {entry.within}: {entry.removed}")
        reasons |= dict.fromkeys(found, entry.because)
    return reasons
