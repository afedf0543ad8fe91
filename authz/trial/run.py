"""All steps over one stated call; what refuses is mended, so that the rest is seen too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from authz.decide import STEPS, Step, Taken
from authz.model.outcome import NO_ANSWERS, Answered, Facts, Opened, Passed, Refused
from authz.model.principals import UserAlone
from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes
from authz.outcomes import LAST_STEP
from authz.policy.explain import LegExplanation, explain
from authz.policy.question import Judgement, PolicyRef
from authz.policy.reads import readers_of
from authz.steps.given import Asked, Given, Held
from authz.steps.policy import question_of
from authz.steps.public import NotPublic, answer_public
from authz.steps.read import read_request
from authz.steps.subject import prove_subject, take_login
from authz.steps.workload import prove_workload, take_identity
from authz.trial.by_policy import policy_changes
from authz.trial.changes import Change, change_for, group_changes
from authz.trial.stated import Setting, Stated

MAX_CHANGES = 32
"""Facts that stand in one call's way; each is mended once, so a trial ends."""


class State(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    REFUSED = "refused"
    NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step of a trial. After a refusal the rest is as if that were mended."""

    number: int
    name: str
    state: State
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A decision, and everything that stood in its way."""

    reason: Reason
    step: int
    detail: str
    steps: tuple[StepReport, ...]
    facts: Facts
    """What was learned up to the verdict, nothing mended."""

    required: Scopes
    held: Mapping[str, Scopes]
    """Which of the required scopes each party holds; empty where it did not come so far."""

    granted: Scopes
    """Those that policy grants."""

    legs: tuple[LegExplanation, ...]
    """How policy judged each party, once what refused before was mended."""

    changes: tuple[Change, ...]
    """What would have to be otherwise, in the order of the steps."""

    is_cured: bool
    """With all *changes* made, it is allowed: this was tried."""

    unknown: tuple[PolicyRef, ...]
    """Policies that read an argument whose value is made up: with them, nothing is certain."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One pass over the table, to its first refusal."""

    given: Given
    facts: Facts
    passed: tuple[Step, ...]
    stopped: Step | None
    refused: Refused | None


@dataclass(slots=True)
class _Mending:
    """A setting that is mended, one fact after the other, and what was seen on the way."""

    setting: Setting
    last: _Run
    reports: dict[object, StepReport]
    held: Held | None
    changes: list[Change] = field(default_factory=list)

    @classmethod
    def of(cls, setting: Setting) -> _Mending:
        """Take the first pass, nothing mended."""
        first = _pass(setting)
        reports: dict[object, StepReport] = {step.take: _passed(step) for step in first.passed}
        return cls(setting, first, reports, first.facts.find(Held))

    def goes_on(self) -> bool:
        """Mend what refused in the last pass, and pass again; False where that is the end."""
        last = self.last
        if last.refused is None or last.stopped is None:
            return False
        self.reports[last.stopped.take] = _refused(last.stopped, last.refused)
        change = change_for(last.refused, last.given, last.facts)
        if change is None or change in self.changes or len(self.changes) == MAX_CHANGES:
            return False
        self.changes.append(change)
        if change.make is None:
            return False
        self.setting = change.make(self.setting)
        self._pass_again()
        return True

    def _pass_again(self) -> None:
        self.last = _pass(self.setting)
        self.held = self.held or self.last.facts.find(Held)
        for step in self.last.passed:
            self.reports.setdefault(step.take, _passed(step))


def run(setting: Setting) -> Trial:
    """Decide *setting*, then mend what refuses until it is allowed or nobody knows how."""
    mending = _Mending.of(setting)
    first = mending.last
    while mending.goes_on():
        pass
    last, held = mending.last, mending.held
    judgement, asked = last.facts.find(Judgement), last.facts.find(Asked)
    legs, by_policy = _explained(last, judgement)
    changes, is_cured = _changes(setting, mending, by_policy)
    not_evaluated = {step.take: _report(step, State.NOT_EVALUATED) for step in STEPS}
    reports = not_evaluated | mending.reports
    return Trial(
        reason=first.refused.reason if first.refused else Reason.ALLOW,
        step=first.stopped.number if first.stopped else LAST_STEP,
        detail=first.refused.detail if first.refused else "",
        steps=tuple(reports[step.take] for step in STEPS),
        facts=first.facts,
        required=asked.required if asked else NO_SCOPES,
        held=held.by_party if held else {},
        granted=judgement.granted if judgement else NO_SCOPES,
        legs=legs,
        changes=changes,
        is_cured=is_cured,
        unknown=_unknown(setting.stated, last),
    )


def _changes(
    begun: Setting, mending: _Mending, by_policy: list[Change]
) -> tuple[tuple[Change, ...], bool]:
    """Give all that stood in the way, or the one group that is all of it; and if it was tried."""
    changes = (*mending.changes, *by_policy)
    if len(changes) > 1 and (one := _one_group(begun)):
        return (one,), True
    was_tried = bool(by_policy) and all(change.was_tried for change in by_policy)
    return changes, mending.last.refused is None or was_tried


def _one_group(setting: Setting) -> Change | None:
    """Give the one group whose members are allowed, where that is all the user lacks."""
    for change in group_changes(setting):
        if change.make is not None and _pass(change.make(setting)).refused is None:
            return change
    return None


def _explained(
    last: _Run, judgement: Judgement | None
) -> tuple[tuple[LegExplanation, ...], list[Change]]:
    """Give why each leg was judged as it was, and what would turn it."""
    if judgement is None:
        return (), []
    question = question_of(last.given, last.facts)
    legs = explain(judgement, question, last.given.world.policies)
    return legs, [*policy_changes(judgement, legs, question)]


def _unknown(stated: Stated, last: _Run) -> tuple[PolicyRef, ...]:
    asked = last.facts.find(Asked)
    if asked is None or asked.offer is None:
        return ()
    return tuple(readers_of(stated.masked, asked.offer, last.given.world.policies))


def _pass(setting: Setting) -> _Run:
    """Take the steps in their order, to the first that does not let the call go on."""
    stated = setting.stated
    given = Given(stated.call, setting.world, stated.now, NO_ANSWERS)
    facts, passed = Facts(stated.call), list[Step]()
    for step in STEPS:
        match _take(step, stated, given, facts):
            case Passed(fact, besides):
                facts = facts.learn(fact, *besides)
                passed.append(step)
            case Answered() | Opened():
                return _Run(given, facts, (*passed, step), step, None)
            case Refused() as refused:
                return _Run(given, facts.learn(*refused.facts), tuple(passed), step, refused)
            case need:
                raise TypeError(f"nobody can be asked in a trial: {type(need).__name__}")
    return _Run(given, facts, tuple(passed), None, None)


def _take(step: Step, stated: Stated, given: Given, facts: Facts) -> Taken:
    """Take a step; of bytes and tokens, which are not there, take what is stated."""
    if step.take is answer_public and _was_unreadable(stated):
        # The body or header for which it was refused is not there any more.
        return Passed(NotPublic())
    if step.take is read_request:
        message = stated.message
        return message if isinstance(message, Refused) else Passed(message)
    if step.take is prove_workload:
        if isinstance(stated.caller, UserAlone):
            return Passed(stated.caller)
        return take_identity(stated.caller, given.world.directory)
    if step.take is prove_subject:
        return take_login(stated.login, given, facts)
    return step.take(given, facts)


def _was_unreadable(stated: Stated) -> bool:
    message = stated.message
    return isinstance(message, Refused) and message.reason is not Reason.ALLOW


def _report(step: Step, state: State, reason: Reason | None = None, detail: str = "") -> StepReport:
    name = step.take.__name__.replace("_", " ")
    return StepReport(step.number, name, state, reason, detail)


def _passed(step: Step) -> StepReport:
    return _report(step, State.PASSED)


def _refused(step: Step, refused: Refused) -> StepReport:
    return _report(step, State.REFUSED, refused.reason, refused.detail)
