"""A world's policies and the tests beside them, read for a rehearsal: no keys are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.directory.progress import Progress
from authz.directory.suites import read_suites
from authz.policy.compiled import Policies
from authz.rehearsal.cases import Rehearsed, questions_of
from authz.sources.declared import read_policies
from authz.sources.folder import file_mistake, read_file, read_folder

FOLDER = "tests"
SUFFIX = ".test.yaml"
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Policies that load, and the cases to be held against them."""

    policies: Policies
    cases: tuple[Rehearsed, ...]


def read_rehearsal(home: Path, files: Sequence[Path], tell: Progress) -> Rehearsal:
    """
    Read `directory/` and `policies/` of *home*, and the cases of *files*.

    Args:
        home: A world's folder.
        files: Files of cases, from the working directory; without any, every `*.test.yaml`
            below `tests/` of *home*.
        tell: Is told how far it is.

    Raises:
        InvalidWorld: with every mistake of the directory, then of the policies, then of the cases.
    """
    directory, policies, _ = read_policies(home, tell)
    texts = _read_each(home, files) if files else _read_tests(home)
    return Rehearsal(policies, questions_of(read_suites(texts), directory, policies))


def _read_tests(home: Path) -> Mapping[str, bytes]:
    texts = read_folder(home, FOLDER)
    misnamed = [
        file_mistake(Position(name), "this file of tests is not read", f"name it *{SUFFIX}")
        for name in sorted(texts)
        if name.endswith(_YAML) and not name.endswith(SUFFIX)
    ]
    if misnamed:
        raise InvalidWorld(misnamed)
    tests = {name: text for name, text in texts.items() if name.endswith(SUFFIX)}
    if not tests:
        hint = f"write a file {FOLDER}/<name>{SUFFIX}"
        raise InvalidWorld([file_mistake(Position(FOLDER), "there are no tests", hint)])
    return tests


def _read_each(home: Path, files: Sequence[Path]) -> Mapping[str, bytes]:
    """Give the texts of *files*, by their path from *home* where they lie below it."""
    texts: dict[str, bytes] = {}
    mistakes: list[Diagnostic] = []
    top = home.resolve()
    for file in files:
        path = file.resolve()
        name = (path.relative_to(top) if path.is_relative_to(top) else path).as_posix()
        try:
            texts[name] = read_file(path)
        except OSError as error:
            mistakes.append(file_mistake(Position(name), f"cannot be read: {error.strerror}"))
        except ValueError as error:
            mistakes.append(file_mistake(Position(name), str(error)))
    if mistakes:
        raise InvalidWorld(mistakes)
    return texts
