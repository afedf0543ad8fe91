"""Results and coverage: lines for people, plain values and mistakes with places for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from authz.directory.diagnostics import Diagnostic, Position, Severity
from authz.directory.rules import Rule
from authz.policy.told import lines_of
from authz.rehearsal.coverage import Coverage, Covered
from authz.rehearsal.run import Result

Json = dict[str, object]


def failure_lines(result: Result) -> Iterator[str]:
    """Tell a case that is not as expected: one line, then why, indented."""
    place = result.case.at("expect")
    yield f"{place.file}:{place.line}: {_failure(result)}"
    yield from (f"  {line}" for line in _why(result))


def failure(result: Result) -> Diagnostic:
    """Tell a case that is not as expected as a mistake at what it expects."""
    why = "\n".join(_why(result))
    return Diagnostic(result.case.at("expect"), _failure(result), why, rule=Rule.TEST_FAILED)


def _failure(result: Result) -> str:
    case = result.case
    got = _outcome(str(result.got), result.fails_at if case.fails_at else ())
    wanted = _outcome(case.expect, (case.fails_at,) if case.fails_at else ())
    return f"{case.name}: expected {wanted}, got {got}"


def _why(result: Result) -> Iterator[str]:
    if not result.legs and result.detail:
        yield result.detail
    for leg in result.legs:
        yield from lines_of(leg)


def _outcome(reason: str, policies: Sequence[str]) -> str:
    return f"{reason} at {', '.join(policies)}" if policies else reason


def summary(results: Sequence[Result]) -> str:
    """Say how many cases are as expected, and how many are not."""
    passed = sum(result.is_as_expected for result in results)
    return f"{passed} passed, {len(results) - passed} failed"


def coverage_lines(coverage: Coverage) -> Iterator[str]:
    """Tell every condition that was not seen both ways, then how much was seen."""
    for each in coverage.conditions:
        unseen = unseen_of(each)
        if unseen:
            what = f"never {' or '.join(unseen)}"
            yield f"{each.policy.file}:{each.line}: {each.policy.id}: {what}: {each.text}"
    told = f"{coverage.seen} of {coverage.sides} truths of conditions seen"
    yield f"coverage {coverage.percent:.1f} %: {told}"


def gaps(coverage: Coverage, severity: Severity) -> Iterator[Diagnostic]:
    """Tell every condition that was not seen both ways as a mistake at its place."""
    for each in coverage.conditions:
        unseen = unseen_of(each)
        if unseen:
            message = f"policy {each.policy.id}: never {' or '.join(unseen)}: {each.text}"
            place = Position(each.policy.file, each.line)
            yield Diagnostic(place, message, severity=severity, rule=Rule.TEST_COVERAGE)


def unseen_of(condition: Covered) -> list[str]:
    """Give the truths that no case has seen of a condition: `true`, `false` or both."""
    return [
        word for truth, word in ((True, "true"), (False, "false")) if truth not in condition.seen
    ]


def results_value(results: Sequence[Result]) -> Json:
    """Give the results as plain values."""
    return {
        "passed": sum(result.is_as_expected for result in results),
        "failed": sum(not result.is_as_expected for result in results),
        "cases": [_result_value(result) for result in results],
    }


def _result_value(result: Result) -> Json:
    case = result.case
    place = case.at("expect")
    why = () if result.is_as_expected else (line for leg in result.legs for line in lines_of(leg))
    return {
        "file": place.file,
        "line": place.line,
        "name": case.name,
        "passed": result.is_as_expected,
        "expected": {"outcome": case.expect, "fails_at": case.fails_at},
        "got": {"outcome": str(result.got), "fails_at": list(result.fails_at)},
        "detail": result.detail,
        "why": list(why),
    }


def coverage_value(coverage: Coverage) -> Json:
    """Give the coverage as plain values."""
    return {
        "percent": round(coverage.percent, 1),
        "seen": coverage.seen,
        "of": coverage.sides,
        "unseen": [
            {
                "policy": each.policy.id,
                "file": each.policy.file,
                "line": each.line,
                "condition": each.text,
                "never": unseen_of(each),
            }
            for each in coverage.conditions
            if unseen_of(each)
        ],
    }
