"""A trial for people: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from authz.commands.formats.plain import shown
from authz.model.reasons import Verdict, verdict_of
from authz.model.scopes import format_scopes
from authz.policy.told import lines_of
from authz.trial.report import scopes_of
from authz.trial.run import State, StepReport, Trial

_VERDICTS = {
    Verdict.ALLOW: "bold green",
    Verdict.DENY: "bold red",
    Verdict.CHALLENGE: "bold yellow",
}
_STATES = {State.PASSED: "green", State.REFUSED: "red", State.NOT_EVALUATED: "dim"}

Line = tuple[str, str]
"""A text and its style."""


def view(trial: Trial) -> Text:
    """Write a trial; colour is up to the console."""
    text = Text()
    for line, style in _lines(trial):
        text.append(f"{shown(line)}\n", style)
    text.rstrip()
    return text


def _lines(trial: Trial) -> Iterator[Line]:
    verdict = verdict_of(trial.reason)
    yield f"{verdict}: {trial.reason}, step {trial.step}", _VERDICTS[verdict]
    if trial.detail:
        yield f"  {trial.detail}", ""
    yield from _steps(trial)
    yield from _scopes(trial)
    yield from _policies(trial)
    yield from _changes(trial)
    if trial.unknown:
        refs = ", ".join(map(str, trial.unknown))
        yield "", ""
        yield f"Uncertain: the record masks values that are read by {refs}", "bold yellow"


def _steps(trial: Trial) -> Iterator[Line]:
    refused = any(step.state is State.REFUSED for step in trial.steps)
    mended = " (after a refusal: as if that were mended)" if refused else ""
    yield "", ""
    yield f"Steps{mended}", "bold"
    for step in trial.steps:
        yield f"  {step.number:>2} {step.name:<18} {step.state}{_why(step)}", _STATES[step.state]


def _why(step: StepReport) -> str:
    return f": {step.reason}, {step.detail}" if step.reason else ""


def _scopes(trial: Trial) -> Iterator[Line]:
    rows = scopes_of(trial)
    if not rows:
        return
    yield "", ""
    yield f"Scopes: {format_scopes(trial.required)}", "bold"
    for party, row in rows.items():
        has, lacks = (format_scopes(row[name]) or "none" for name in ("has", "lacks"))
        yield f"  {party}: has {has}; lacks {lacks}", "red" if row["lacks"] else ""


def _policies(trial: Trial) -> Iterator[Line]:
    if not trial.legs:
        return
    yield "", ""
    yield "Policies, party by party", "bold"
    for leg in trial.legs:
        for line in lines_of(leg):
            yield f"  {line}", ""
    quoted = {policy.ref: policy.text for leg in trial.legs for policy in leg.policies}
    for ref, text in sorted(quoted.items()):
        yield "", ""
        yield f"  {ref.file}:{ref.line}", "dim"
        for line in text.splitlines():
            yield f"    {line}", ""


def _changes(trial: Trial) -> Iterator[Line]:
    if not trial.changes:
        return
    tried = "tried: with this it is allowed" if trial.is_cured else "more may be needed"
    yield "", ""
    yield f"What would have to be otherwise ({tried})", "bold"
    for change in trial.changes:
        yield f"  {change}", ""
