"""A Dockerfile as stages of steps: as much of its grammar as ours uses, and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

STEPS = frozenset({
    "WORKDIR", "RUN", "COPY", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD",
})  # fmt: skip
_FROM = re.compile(r"(?P<base>\S+) AS (?P<name>[a-z]+)")


class NotUnderstood(Exception):
    """A line that this does not read; the message has its number."""


@dataclass(frozen=True)
class Step:
    """One instruction."""

    line: int
    word: str
    rest: str

    def __str__(self) -> str:
        return f"Dockerfile:{self.line}: {self.word} {self.rest}"

    @property
    def words(self) -> list[str]:
        """The words of a command in its JSON form."""
        words = json.loads(self.rest)
        if not isinstance(words, list):
            raise NotUnderstood(f"{self}: no list of words")
        return [str(word) for word in words]


@dataclass
class Stage:
    """What is between one FROM and the next."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)


def stages_of(text: str) -> dict[str, Stage]:
    """
    Read a Dockerfile; give its stages by name, in order.

    Raises:
        NotUnderstood: there is something in it that this does not know.
    """
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line, instruction in _instructions(text):
        word, _, rest = instruction.partition(" ")
        if word == "FROM":
            match = _FROM.fullmatch(rest)
            if match is None:
                raise NotUnderstood(f"Dockerfile:{line}: FROM … AS a name of small letters")
            stage = stages[match["name"]] = Stage(match["name"], match["base"])
        elif stage is None or word not in STEPS:
            raise NotUnderstood(f"Dockerfile:{line}: {instruction}")
        else:
            stage.steps.append(Step(line, word, rest))
    return stages


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Give each instruction on one line, with the number of its first one."""
    begun, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        begun = begun if parts else number
        parts.append(stripped.removesuffix("\\").strip())
        if not stripped.endswith("\\"):
            yield begun, " ".join(parts)
            parts = []
    if parts:
        raise NotUnderstood(f"Dockerfile:{begun}: it does not end")
