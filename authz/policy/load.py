"""Policy files to policies that can be asked, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from authz.directory.compiled import Directory
from authz.directory.diagnostics import Diagnostic, InvalidWorld, Position, Severity, under
from authz.directory.progress import Progress, Stage, count, untold
from authz.directory.rules import Rule
from authz.policy.annotations import annotation_mistakes, read_notes
from authz.policy.batches import batches
from authz.policy.compiled import Policies
from authz.policy.names import Names, unknown_names, unknown_scopes
from authz.policy.places import diagnostic
from authz.policy.quarantine import Clash, Quarantine, RouteRow, ToolRow
from authz.policy.question import PolicyRef
from authz.policy.remarks import Remark, annotation
from authz.policy.senseless import senseless_comparisons
from authz.policy.shapes import Shape, compile_shape
from authz.policy.slices import Slices
from authz.policy.source import NotOnePolicy, Sourced, count_policies, read_source
from authz.policy.statements import split_statements
from authz.policy.syntax import syntax_mistake
from authz.policy.tiers import NoTier, guard_of
from authz.policy.validator import Refused, part_with_mistake, refusals, remarks_on
from authz.policy.written import Policy, engine_id

SUFFIX = ".cedar"
BESIDE = ".md"

MAX_STATEMENTS = 10_000
"""Of one file. A file of semicolons alone would otherwise be read, and told of, for minutes."""

MAX_SEARCHES = 8
"""For how many mistakes the validator is asked where they are: each takes up to a second. Of the
others only the policy is told."""

QUARANTINE_HINT = (
    "rename the argument or change its type in the tool's input, or let the policy name the"
    " actions that it is about"
)


def load_policies(
    files: Mapping[str, bytes], directory: Directory, tell: Progress = untold
) -> tuple[Policies, tuple[Diagnostic, ...]]:
    """
    Load every policy of *files*, for the tools and routes that *directory* declares.

    Args:
        files: Texts by their path with slashes, such as `policies/global/grants.cedar`.
        directory: Says which tiers exist, and what arguments tools take.
        tell: Is told how far it is.

    Returns:
        The policies, and warnings: a tool that one of them clashes with is among
        these, and nobody can call it (`quarantine`).

    Raises:
        InvalidWorld: with every mistake of every file, and the warnings. The validator runs once
            everything parses, over all policies together.
    """
    found, mistakes = _read_all(files, directory, tell)
    shapes = _shapes(directory)
    mistakes.extend(under(Rule.POLICY_ANNOTATION, _annotation_mistakes(found)))
    names = Names.of(directory, shapes.values())
    mistakes.extend(under(Rule.POLICY_TYPE, _senseless_mistakes(found)))
    notes = under(Rule.POLICY_NAME, _name_notes(found, names))
    warnings = [note for note in notes if note.severity is Severity.WARNING]
    mistakes.extend(note for note in notes if note.severity is Severity.ERROR)
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    tools, routes = _tool_rows(directory, shapes), _route_rows(directory)
    text = "\n".join(row.source.text for row in found)
    if count_policies(text) != len(found):
        raise InvalidWorld(
            [
                Diagnostic(
                    Position("policies"),
                    "the engine reads another number of policies than there are statements",
                    rule=Rule.POLICY_SYNTAX,
                )
            ]
        )
    unfit = [*refusals(batches(found, tools, routes), tell)]
    quarantine = Quarantine(tools, routes)
    clashes = quarantine.clashes(each.policy for each in unfit)
    warnings.extend(under(Rule.TOOL_QUARANTINED, _clash_warnings(clashes, directory)))
    wrong = [each for each in unfit if quarantine.still_refuses(each.policy, clashes)]
    mistakes.extend(under(Rule.POLICY_TYPE, _validator_mistakes(wrong, names)))
    if mistakes:
        raise InvalidWorld([*mistakes, *warnings])
    quarantined = {tool: str(clash) for tool, clash in clashes.items()}
    policies = _compiled(found, directory, shapes, quarantined)
    return policies, tuple(warnings)


def load_validated(
    files: Mapping[str, bytes], directory: Directory, quarantined: Mapping[str, str]
) -> Policies:
    """
    Load policies that `load_policies` found to be right, for the same *directory*.

    Each is parsed by itself and none is validated, so the engine is never busy for long.

    Args:
        files: The same texts, to the byte.
        directory: What they were validated for.
        quarantined: What `Policies.quarantined` said then.

    Raises:
        InvalidWorld: they are not those: what does not parse was never right.
    """
    found, mistakes = _read_all(files, directory)
    if mistakes:
        raise InvalidWorld(mistakes)
    return _compiled(found, directory, _shapes(directory), quarantined)


def _compiled(
    found: Iterable[Sourced],
    directory: Directory,
    shapes: Mapping[str, Shape],
    quarantined: Mapping[str, str],
) -> Policies:
    policies = [*map(_policy, found)]
    return Policies(
        by_engine_id={engine_id(index): policy for index, policy in enumerate(policies)},
        slices=Slices.of(policies),
        shapes=shapes,
        agents=directory.agents,
        zone=ZoneInfo(directory.gate.time_zone),
        quarantined=quarantined,
        headers=directory.gate.policy_headers,
    )


def _shapes(directory: Directory) -> dict[str, Shape]:
    return {
        tool.name: compile_shape(tool.input_schema)
        for target in directory.targets.values()
        for tool in target.tools.values()
    }


def _read_all(
    files: Mapping[str, bytes], directory: Directory, tell: Progress = untold
) -> tuple[list[Sourced], list[Diagnostic]]:
    """Give the policies of all files, and what is none."""
    found: list[Sourced] = []
    mistakes: list[Diagnostic] = []
    for file, content in count(Stage.POLICIES, sorted(files.items()), tell):
        for row in _read(file, content, directory):
            if isinstance(row, Diagnostic):
                mistakes.append(row)
            else:
                found.append(row)
    return found, mistakes


def _read(file: str, text: bytes, directory: Directory) -> Iterator[Sourced | Diagnostic]:
    """Give the policies of a file, and a mistake for each statement that is none."""
    if file.endswith(BESIDE):
        return
    if not file.endswith(SUFFIX):
        hint = f"policies end in {SUFFIX}"
        yield Diagnostic(
            Position(file), "a file of this kind is not read", hint, rule=Rule.WORLD_FILES
        )
        return
    try:
        guard = guard_of(file, directory.namespaces, directory.agents)
        decoded = text.decode("utf-8")
    except NoTier as error:
        yield Diagnostic(Position(file), str(error), error.hint, rule=Rule.POLICY_TIER)
        return
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        yield Diagnostic(Position(file, line), "the file is not UTF-8", rule=Rule.POLICY_SYNTAX)
        return
    for index, statement in enumerate(split_statements(file, decoded)):
        if index == MAX_STATEMENTS:
            message = f"a file holds at most {MAX_STATEMENTS} statements"
            yield Diagnostic(statement.position, message, "split it", rule=Rule.POLICY_SYNTAX)
            return
        try:
            yield Sourced(read_source(statement, guard), statement)
        except NotOnePolicy as error:
            told = syntax_mistake(statement, str(error), error.hint)
            yield replace(told, rule=Rule.POLICY_SYNTAX)


def _annotation_mistakes(found: Iterable[Sourced]) -> Iterator[Diagnostic]:
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


def _name_notes(found: Iterable[Sourced], names: Names) -> Iterator[Diagnostic]:
    for row in found:
        scopes = row.source.annotations.get("scope") or ""
        remarks = [*unknown_names(row.source.policy, names), *unknown_scopes(scopes, names)]
        for remark in dict.fromkeys(remarks):
            yield _of_policy(row, remark)


def _senseless_mistakes(found: Iterable[Sourced]) -> Iterator[Diagnostic]:
    for row in found:
        for remark in dict.fromkeys(senseless_comparisons(row.source.policy)):
            yield _of_policy(row, remark)


def _of_policy(row: Sourced, remark: Remark) -> Diagnostic:
    """Tell *remark* with the name of the policy."""
    message = f"policy {row.source.annotations.get('id')}: {remark.message}"
    return diagnostic(row.statement, replace(remark, message=message))


def _tool_rows(directory: Directory, shapes: Mapping[str, Shape]) -> tuple[ToolRow, ...]:
    return tuple(
        (tool.name, tool.action, shapes[tool.name])
        for target in directory.targets.values()
        for tool in target.tools.values()
    )


def _route_rows(directory: Directory) -> tuple[RouteRow, ...]:
    return tuple(
        (route.name, route.action)
        for target in directory.targets.values()
        for route in target.routes.listed.values()
    )


def _clash_warnings(clashes: Mapping[str, Clash], directory: Directory) -> Iterator[Diagnostic]:
    """Name each quarantined tool where it is declared."""
    for target in directory.targets.values():
        for tool in target.tools.values():
            if tool.name in clashes:
                message = f"{tool.name} is quarantined, nobody can call it: {clashes[tool.name]}"
                yield Diagnostic(tool.place, message, QUARANTINE_HINT, Severity.WARNING)


def _validator_mistakes(wrong: Iterable[Refused], names: Names) -> Iterator[Diagnostic]:
    searches = iter(range(MAX_SEARCHES))
    told_of = ((each.policy, *told) for each in wrong for told in remarks_on(each, names))
    for row, remark, batch in told_of:
        told = _of_policy(row, remark)
        if told.position == row.position and next(searches, None) is not None:
            place = part_with_mistake(row.statement, remark.message, batch.schema())
            told = replace(told, position=place)
        yield told


def _policy(row: Sourced) -> Policy:
    notes = read_notes(row.source.annotations)
    ref = PolicyRef(notes.id, row.position.file, row.position.line, notes.reason)
    return Policy(ref, notes, row.source)
