"""What would have to change for a denied leg to be allowed, proven by evaluating it so.

A condition of a permit is changed by leaving it out; a forbid by taking it
away, as one false condition would. Nothing is claimed that was not evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from cedarpy import PolicySet

from authz.model.reasons import Reason
from authz.model.scopes import NO_SCOPES, Scopes
from authz.policy.compiled import Policies
from authz.policy.conjuncts import Conjunct, Part, conjuncts_of
from authz.policy.question import Leg, PolicyRef
from authz.policy.scene import Probes, Stage, Truth
from authz.policy.verdicts import erring, verdict
from authz.policy.written import Policy

ROUNDS = 4
"""Forbids, errors, a permit, and the errors that are left: no leg takes more."""

_TELLING = (Part.TIER, Part.ACTION, Part.PRINCIPAL, Part.RESOURCE, Part.WHEN, Part.UNLESS)
"""Parts of a forbid: what stands later here says better what would lift it."""

_NEVER = "forbid (principal, action, resource) when { false };"


@dataclass(frozen=True, slots=True)
class Weighed:
    """One policy with the truths of its conjuncts for one leg."""

    name: str
    """The engine's id."""

    policy: Policy
    conjuncts: tuple[tuple[Conjunct, Truth], ...]

    @property
    def not_true(self) -> tuple[Conjunct, ...]:
        """The conjuncts that keep it from holding."""
        return tuple(each for each, truth in self.conjuncts if truth is not Truth.TRUE)

    @property
    def is_about_this(self) -> bool:
        """Whether its tier reaches the leg, and its scope names the action."""
        return not any(each.part in (Part.TIER, Part.ACTION) for each in self.not_true)

    @property
    def is_permit_about_this(self) -> bool:
        """Whether it is a permit, and about this."""
        return self.policy.source.effect == "permit" and self.is_about_this

    @property
    def rank(self) -> tuple[int, bool, PolicyRef]:
        """A key that sorts nearest first: what lacks least, and lacks it in its conditions."""
        lacks_scope = any(each.part not in (Part.WHEN, Part.UNLESS) for each in self.not_true)
        return len(self.not_true), lacks_scope, self.policy.ref

    def gives(self, scopes: Scopes) -> bool:
        """Say whether, as a permit, it gives any of *scopes*."""
        given = self.policy.notes.scope
        return bool(scopes if given is None else scopes & given)


@dataclass(frozen=True, slots=True)
class Change:
    """One conjunct of a policy, and the truth that it would have to have."""

    policy: Policy
    conjunct: Conjunct
    wanted: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """What would together turn a leg to allow, and the permits that would then hold."""

    changes: tuple[Change, ...] = ()
    permits: tuple[Policy, ...] = ()

    def lacks(self, required: Scopes) -> Scopes:
        """Give those of *required* that the permits would not give."""
        scopes = [permit.notes.scope for permit in self.permits]
        if not self.changes or None in scopes:
            return NO_SCOPES
        return required - NO_SCOPES.union(*filter(None, scopes))


def turned(leg: Leg, weighed: Sequence[Weighed], policies: Policies, stage: Stage) -> Turned:
    """
    Say what would turn *leg* to allow; nothing where it is allowed, or no way is known.

    Args:
        leg: The leg as it was judged.
        weighed: Policies that could matter, the nearest first.
        policies: All policies of the world.
        stage: What the engine gets of the leg.
    """
    if leg.reason is Reason.ALLOW:
        return Turned()
    rehearsal = _Rehearsal(tuple(weighed), policies, stage)
    forced: dict[str, _Forced] = {}
    for _ in range(ROUNDS):
        reason, names = rehearsal.outcome(forced)
        if reason is Reason.ALLOW:
            changes = chain.from_iterable(each.changes for each in forced.values())
            permits = (policies.by_engine_id[name] for name in names)
            return Turned(tuple(changes), tuple(permits))
        found = rehearsal.next(reason, names)
        if not found:
            break
        forced |= found
    return Turned()


def weigh(stage: Stage, policies: Mapping[str, Policy]) -> list[Weighed]:
    """Give *policies* (by the engine's id) with the truths of their conjuncts, in their order."""
    rows = [(name, policy, conjuncts_of(policy)) for name, policy in policies.items()]
    truths = iter(stage.truths(Probes.of([each.text for _, _, parts in rows for each in parts])))
    return [
        Weighed(name, policy, tuple((each, next(truths)) for each in parts))
        for name, policy, parts in rows
    ]


@dataclass(frozen=True, slots=True)
class _Forced:
    """A policy as it would be, had some conditions another truth."""

    text: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """One leg, judged anew with some policies replaced."""

    weighed: tuple[Weighed, ...]
    policies: Policies
    stage: Stage

    def outcome(self, forced: Mapping[str, _Forced]) -> tuple[Reason, frozenset[str]]:
        """Give the leg's reason, and the engine's ids of the policies that it comes from."""
        text = "\n".join(
            forced[name].text if name in forced else policy.source.text
            for name, policy in self.policies.by_engine_id.items()
        )
        result = self.stage.evaluate(PolicySet.from_str(text))
        reason = verdict(result)
        is_error = reason is Reason.POLICY_ERROR
        return reason, erring(result) if is_error else frozenset(result.diagnostics.reasons)

    def next(self, reason: Reason, names: frozenset[str]) -> dict[str, _Forced]:
        """Give what would lift *reason*, which comes from the policies *names*."""
        if reason is Reason.NO_PERMIT:
            nearest = next((row for row in self.weighed if row.is_permit_about_this), None)
            return {} if nearest is None else {nearest.name: _held(nearest)}
        known = self.policies.by_engine_id
        rows = weigh(self.stage, {name: known[name] for name in known if name in names})
        if any(not row.conjuncts for row in rows):
            # A forbid of everything has no condition that could be otherwise.
            return {}
        lift = _without_hold if reason is Reason.FORBIDDEN else _without_error
        return {row.name: lift(row) for row in rows}


def _held(permit: Weighed) -> _Forced:
    """Give *permit* without what keeps it from holding."""
    kept = (each for each, truth in permit.conjuncts if truth is Truth.TRUE)
    conditions = " ".join(f"when {{ {each.text} }}" for each in kept)
    text = f"permit (principal, action, resource) {conditions};"
    return _Forced(text, tuple(Change(permit.policy, each, True) for each in permit.not_true))


def _without_hold(forbid: Weighed) -> _Forced:
    """Give *forbid* as one that does not hold, for its most telling condition."""
    conjuncts = [each for each, _ in forbid.conjuncts]
    telling = max(enumerate(conjuncts), key=lambda row: (_TELLING.index(row[1].part), row[0]))[1]
    return _Forced(_NEVER, (Change(forbid.policy, telling, False),))


def _without_error(policy: Weighed) -> _Forced:
    """Give *policy* as if the condition that errs did not: as a permit it may then hold."""
    if policy.policy.source.effect == "permit" and len(policy.not_true) == 1:
        return _held(policy)
    return _Forced(_NEVER, (Change(policy.policy, policy.not_true[0], False),))
