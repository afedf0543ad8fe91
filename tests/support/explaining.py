"""A question that is judged and explained at once."""

from __future__ import annotations

from authz.policy.compiled import Policies
from authz.policy.explain import LegExplanation, explain
from authz.policy.judge import judge
from authz.policy.question import Question


def explained(question: Question, policies: Policies) -> tuple[LegExplanation, ...]:
    """Explain what `judge` says of *question*."""
    return explain(judge(question, policies), question, policies)
