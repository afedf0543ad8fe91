"""One question made ready for the engine, to be asked of any set of policies again and again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cedarpy import AuthzResult, Decision, Entities, PolicySet, Schema, is_authorized_batch

from authz.policy.compiled import Policies
from authz.policy.facts import entities_of, principals_of, requests_of
from authz.policy.judge import sorted_arguments
from authz.policy.question import Question
from authz.policy.session import NO_EVIDENCE
from authz.policy.verdicts import erring
from authz.policy.written import engine_id

EntityKey = tuple[str, str]
"""Type and id."""


class Truth(StrEnum):
    """What a condition comes to."""

    TRUE = "true"
    FALSE = "false"
    ERROR = "error"
    """The engine cannot evaluate it: an attribute that is absent, or an overflow."""


@dataclass(frozen=True, slots=True)
class Probes:
    """Conditions made ready to be asked for their truths: each is a permit of its own."""

    engine: PolicySet
    """The engine names those that hold, and those that err."""

    count: int

    @classmethod
    def of(cls, conditions: Sequence[str]) -> Probes:
        """Make probes of *conditions* (Cedar text)."""
        return cls(PolicySet.from_str("\n".join(map(_permit, conditions))), len(conditions))


@dataclass(frozen=True, slots=True)
class Stage:
    """One leg of a question: what the engine gets, apart from policies."""

    party: str
    request: Mapping[str, Any]
    entities: Entities
    rows: Mapping[EntityKey, Mapping[str, Any]]
    """The entities again, as they were written."""

    schema: Schema | None

    def evaluate(self, policies: PolicySet) -> AuthzResult:
        """Ask the engine about this leg."""
        request = dict(self.request)
        (result,) = is_authorized_batch([request], policies, self.entities, self.schema)
        return result

    def truths(self, probes: Probes) -> list[Truth]:
        """Give the truth of every condition by itself, in one evaluation."""
        result = self.evaluate(probes.engine)
        if result.decision is Decision.NoDecision:
            return [Truth.ERROR] * probes.count
        true, error = frozenset(result.diagnostics.reasons), erring(result)
        return [_truth(engine_id(index), true, error) for index in range(probes.count)]


def stages_of(
    question: Question, policies: Policies, assumed: Iterable[str] = ()
) -> tuple[Stage, ...]:
    """
    Give one stage a leg, the user's first.

    Args:
        question: What is asked.
        policies: The world's; only what evaluating needs is taken of them.
        assumed: Step-ups taken as met, as in `Judgement.assumed`.

    Raises:
        BadArgument: the arguments cannot be judged.
    """
    evidence = NO_EVIDENCE
    for kind in assumed:
        evidence = evidence.with_step_up(kind, question.required)
    requests = requests_of(question, sorted_arguments(question.offer, question.arguments, policies))
    text = entities_of(question, policies, evidence)
    entities = Entities.from_json_str(text)
    rows = {(row["uid"]["type"], row["uid"]["id"]): row for row in json.loads(text)}
    schema = policies.schema_for(question.offer)
    parties = (party for party, _ in principals_of(question))
    return tuple(
        Stage(party, request, entities, rows, schema)
        for party, request in zip(parties, requests, strict=True)
    )


def _permit(condition: str) -> str:
    return f"permit (principal, action, resource) when {{ {condition} }};"


def _truth(name: str, true: frozenset[str], error: frozenset[str]) -> Truth:
    if name in error:
        return Truth.ERROR
    return Truth.TRUE if name in true else Truth.FALSE
