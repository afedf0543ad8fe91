"""The reference for `judge`: all policies and all facts at once, nothing left out, nothing kept."""

from __future__ import annotations

from functools import lru_cache

from cedarpy import PolicySet

from authz.model.reasons import Reason
from authz.policy.arguments import BadArgument
from authz.policy.compiled import Policies
from authz.policy.judge import deliberate
from authz.policy.question import Judgement, Question
from authz.policy.scene import stages_of
from authz.policy.session import Evidence
from authz.policy.verdicts import Verdict, read_verdict

_KINDS = ("mfa", "consent", "approval")


@lru_cache(maxsize=100)
def _parsed(text: str) -> PolicySet:
    return PolicySet.from_str(text)


def judged_whole(question: Question, policies: Policies) -> Judgement:
    """Judge *question* by every policy and every fact."""
    rows = policies.by_engine_id.values()
    engine = _parsed("\n".join(policy.source.text for policy in rows))

    def verdicts(evidence: Evidence) -> list[Verdict]:
        met = (evidence.fresh_login, evidence.consent is not None, evidence.approved)
        assumed = [kind for kind, is_met in zip(_KINDS, met, strict=True) if is_met]
        stages = stages_of(question, policies, assumed)
        return [read_verdict(stage.evaluate(engine), policies.by_engine_id) for stage in stages]

    try:
        return deliberate(question, policies, verdicts)
    except BadArgument as error:
        return Judgement(Reason.BAD_ARGUMENT, detail=str(error))
