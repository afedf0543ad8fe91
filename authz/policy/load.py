"""Policy files to policies that can be asked, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cedarpy import PolicySet, Schema, validate_policies

from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position
from authz.policy.annotations import annotation_mistakes, read_notes
from authz.policy.compiled import Policies, Policy
from authz.policy.question import PolicyRef
from authz.policy.schema import schema_text
from authz.policy.shapes import Shape, compile_shape
from authz.policy.source import NotOnePolicy, Source, as_set, read_source
from authz.policy.statements import Statement, split_statements
from authz.policy.tiers import NoTier, guard_of

SUFFIX = ".cedar"
BESIDE = ".md"


@dataclass(frozen=True, slots=True)
class _Sourced:
    source: Source
    position: Position


def load(files: Mapping[str, bytes], directory: Directory) -> Policies:
    """
    Load every policy of *files*, for the tools that *directory* declares.

    Args:
        files: Texts by their path with slashes, such as `policies/global/grants.cedar`.
        directory: Says which tiers exist, and what arguments tools take.

    Raises:
        InvalidWorld: with every mistake of every file. The validator runs once
            everything parses, over all policies together.
    """
    mistakes: list[Diagnostic] = []
    found = [row for file in sorted(files) for row in _read(file, files[file], directory, mistakes)]
    mistakes.extend(_annotation_mistakes(found))
    if mistakes:
        raise InvalidWorld(mistakes)
    shapes = {
        tool.name: compile_shape(tool.input_schema)
        for target in directory.targets.values()
        for tool in target.tools.values()
    }
    schema = Schema.from_str(_schema_text(directory, shapes))
    mistakes.extend(_validator_mistakes(found, schema))
    if mistakes:
        raise InvalidWorld(mistakes)
    policies = [_policy(row) for row in found]
    by_engine_id = {
        policy.ref.id: row.source.est for policy, row in zip(policies, found, strict=True)
    }
    return Policies(
        by_id={policy.ref.id: policy for policy in policies},
        engine=PolicySet.from_json_str(as_set(by_engine_id)),
        schema=schema,
        shapes=shapes,
        agents=directory.agents,
        zone=ZoneInfo(directory.gate.time_zone),
        headers=directory.gate.policy_headers,
    )


def _read(
    file: str, text: bytes, directory: Directory, mistakes: list[Diagnostic]
) -> Iterator[_Sourced]:
    if file.endswith(BESIDE):
        return
    if not file.endswith(SUFFIX):
        hint = f"policies end in {SUFFIX}"
        mistakes.append(Diagnostic(Position(file), "a file of this kind is not read", hint))
        return
    try:
        guard = guard_of(file, directory.namespaces, directory.agents)
        decoded = text.decode("utf-8")
    except NoTier as error:
        mistakes.append(Diagnostic(Position(file), str(error), error.hint))
        return
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        mistakes.append(Diagnostic(Position(file, line), "the file is not UTF-8"))
        return
    for statement in split_statements(file, decoded):
        yield from _read_statement(statement, guard, mistakes)


def _read_statement(
    statement: Statement, guard: str, mistakes: list[Diagnostic]
) -> Iterator[_Sourced]:
    try:
        yield _Sourced(read_source(statement, guard), statement.position)
    except NotOnePolicy as error:
        mistakes.append(Diagnostic(statement.position, f"no policy: {error}"))


def _annotation_mistakes(found: Iterable[_Sourced]) -> Iterator[Diagnostic]:
    first: dict[str, Position] = {}
    for row in found:
        annotations = row.source.annotations
        for message, hint in annotation_mistakes(annotations, row.source.effect):
            yield Diagnostic(row.position, message, hint)
        name = annotations.get("id")
        if name and first.setdefault(name, row.position) is not row.position:
            hint = f"the first is {first[name]}"
            yield Diagnostic(row.position, f'@id("{name}") stands twice', hint)


def _schema_text(directory: Directory, shapes: Mapping[str, Shape]) -> str:
    return schema_text(
        (tool.name, tool.action, shapes[tool.name])
        for target in directory.targets.values()
        for tool in target.tools.values()
    )


def _validator_mistakes(found: list[_Sourced], schema: Schema) -> Iterator[Diagnostic]:
    """Validate all policies at once; the engine names them by their order in the text."""
    result = validate_policies("\n".join(row.source.text() for row in found), schema)
    for error in result.errors:
        engine_id = error.policy_id
        row = found[int(engine_id.removeprefix("policy"))]
        message = error.error.removeprefix(f"for policy `{engine_id}`, ")
        yield Diagnostic(row.position, f"policy {row.source.annotations['id']}: {message}")


def _policy(row: _Sourced) -> Policy:
    notes = read_notes(row.source.annotations)
    return Policy(PolicyRef(notes.id, row.position.file, row.position.line), notes)
