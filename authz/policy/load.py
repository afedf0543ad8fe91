"""Policy files to policies that can be asked, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from cedarpy import PolicySet, Schema

from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity
from authz.policy.annotations import annotation_mistakes, read_notes
from authz.policy.compiled import Policies, Policy, engine_id
from authz.policy.names import Names, unknown_names, unknown_scopes
from authz.policy.places import diagnostic
from authz.policy.question import PolicyRef
from authz.policy.remarks import Remark, annotation
from authz.policy.schema import schema_text
from authz.policy.shapes import Shape, compile_shape
from authz.policy.source import NotOnePolicy, Source, count_policies, read_source
from authz.policy.statements import Statement, split_statements
from authz.policy.syntax import syntax_mistake
from authz.policy.tiers import NoTier, guard_of
from authz.policy.validator import part_with_mistake, validator_remarks

SUFFIX = ".cedar"
BESIDE = ".md"

MAX_SEARCHES = 8
"""For how many mistakes the validator is asked where they are. With thousands of tools that takes
seconds each; of the others only the policy is told."""


@dataclass(frozen=True, slots=True)
class _Sourced:
    source: Source
    statement: Statement

    @property
    def position(self) -> Position:
        return self.statement.position


def load_policies(
    files: Mapping[str, bytes], directory: Directory
) -> tuple[Policies, tuple[Diagnostic, ...]]:
    """
    Load every policy of *files*, for the tools that *directory* declares.

    Args:
        files: Texts by their path with slashes, such as `policies/global/grants.cedar`.
        directory: Says which tiers exist, and what arguments tools take.

    Returns:
        The policies, and warnings.

    Raises:
        InvalidWorld: with every mistake of every file, and the warnings. The validator runs once
            everything parses, over all policies together.
    """
    mistakes: list[Diagnostic] = []
    found: list[_Sourced] = []
    for file, content in sorted(files.items()):
        for row in _read(file, content, directory):
            if isinstance(row, Diagnostic):
                mistakes.append(row)
            else:
                found.append(row)
    shapes = {
        tool.name: compile_shape(tool.input_schema)
        for target in directory.targets.values()
        for tool in target.tools.values()
    }
    mistakes.extend(_annotation_mistakes(found))
    names = Names.of(directory, shapes.values())
    notes = [*_name_notes(found, names)]
    warnings = [note for note in notes if note.severity is Severity.WARNING]
    mistakes.extend(note for note in notes if note.severity is Severity.ERROR)
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    schema = Schema.from_str(_schema_text(directory, shapes))
    text = "\n".join(row.source.text for row in found)
    if count_policies(text) != len(found):
        raise InvalidWorld(
            [
                Diagnostic(
                    Position("policies"),
                    "the engine reads another number of policies than there are statements",
                )
            ]
        )
    mistakes.extend(_validator_mistakes(found, text, schema, names))
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    policies = Policies(
        by_engine_id={engine_id(index): _policy(row) for index, row in enumerate(found)},
        engine=PolicySet.from_str(text),
        schema=schema,
        shapes=shapes,
        agents=directory.agents,
        zone=ZoneInfo(directory.gate.time_zone),
        headers=directory.gate.policy_headers,
    )
    return policies, tuple(warnings)


def _read(file: str, text: bytes, directory: Directory) -> Iterator[_Sourced | Diagnostic]:
    """Give the policies of a file, and a mistake for each statement that is none."""
    if file.endswith(BESIDE):
        return
    if not file.endswith(SUFFIX):
        hint = f"policies end in {SUFFIX}"
        yield Diagnostic(Position(file), "a file of this kind is not read", hint)
        return
    try:
        guard = guard_of(file, directory.namespaces, directory.agents)
        decoded = text.decode("utf-8")
    except NoTier as error:
        yield Diagnostic(Position(file), str(error), error.hint)
        return
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        yield Diagnostic(Position(file, line), "the file is not UTF-8")
        return
    for statement in split_statements(file, decoded):
        try:
            yield _Sourced(read_source(statement, guard), statement)
        except NotOnePolicy as error:
            yield syntax_mistake(statement, str(error), error.hint)


def _annotation_mistakes(found: Iterable[_Sourced]) -> Iterator[Diagnostic]:
    first: dict[str, Position] = {}
    for row in found:
        annotations = row.source.annotations
        for remark in annotation_mistakes(annotations, row.source.effect):
            yield diagnostic(row.statement, remark)
        name = annotations.get("id")
        if name and first.setdefault(name, row.position) is not row.position:
            hint, about = f"the first is {first[name]}", annotation("id", name)
            yield diagnostic(
                row.statement, Remark(f'@id("{name}") stands twice', hint, about=about)
            )


def _name_notes(found: Iterable[_Sourced], names: Names) -> Iterator[Diagnostic]:
    for row in found:
        scopes = row.source.annotations.get("scope") or ""
        remarks = [*unknown_names(row.source.policy, names), *unknown_scopes(scopes, names)]
        for remark in dict.fromkeys(remarks):
            yield _of_policy(row, remark)


def _of_policy(row: _Sourced, remark: Remark) -> Diagnostic:
    """Tell *remark* with the name of the policy."""
    message = f"policy {row.source.annotations.get('id')}: {remark.message}"
    return diagnostic(row.statement, replace(remark, message=message))


def _schema_text(directory: Directory, shapes: Mapping[str, Shape]) -> str:
    return schema_text(
        (tool.name, tool.action, shapes[tool.name])
        for target in directory.targets.values()
        for tool in target.tools.values()
    )


def _validator_mistakes(
    found: list[_Sourced], text: str, schema: Schema, names: Names
) -> Iterator[Diagnostic]:
    """Validate all policies at once; the engine names them by their order in the text."""
    by_engine_id = {engine_id(index): row for index, row in enumerate(found)}
    searches = iter(range(MAX_SEARCHES))
    for name, remark in validator_remarks(text, schema, names):
        row = by_engine_id[name]
        told = _of_policy(row, remark)
        if told.position == row.position and next(searches, None) is not None:
            place = part_with_mistake(row.statement, remark.message, schema)
            told = replace(told, position=place)
        yield told


def _policy(row: _Sourced) -> Policy:
    notes = read_notes(row.source.annotations)
    ref = PolicyRef(notes.id, row.position.file, row.position.line, notes.reason)
    return Policy(ref, notes, row.source)
