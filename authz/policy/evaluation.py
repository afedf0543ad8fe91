"""One leg asked of the engine, with the policies and the facts that can matter, and no others.

Cedar reads attributes by literal names, so a fact under a name that no policy of
the slice has cannot matter. Values that a caller typed are read with the schema
of their one tool, which refuses any that is not of its type. Without such values
no schema is needed: all else is written here, as texts, numbers and links of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from hashlib import sha256

from cedarpy import Entities, Schema, is_authorized_batch
from msgspec import Struct
from msgspec.structs import replace

from authz.directory.offers import Offer
from authz.policy.arguments import Arguments
from authz.policy.compiled import Policies
from authz.policy.entities import Json, link, reference
from authz.policy.facts import argument_texts, context_of, entities_of, header_texts
from authz.policy.offers import context_members, resource_rows
from authz.policy.plans import LegPlan, Principal, principal_row, pruned
from authz.policy.question import Question
from authz.policy.session import ARGS, REQUEST, SEEN_HEADERS, Evidence, session_of
from authz.policy.verdicts import Verdict, read_verdict, remembered


class Told(Struct, frozen=True, gc=False):
    """All that the engine is told of a leg which reads nothing that a call alone says."""

    plan: LegPlan
    party: Principal
    others: tuple[Principal, ...]
    """Everybody, where policies look at somebody else."""

    session: tuple[object, ...]
    """What the facts of the plan are."""

    method: str
    """Of the protocol, where it is read."""


class Live(Struct, frozen=True, gc=False):
    """What else a call says, for a leg that reads it."""

    question: Question
    arguments: Arguments
    evidence: Evidence


class Heard(Struct, frozen=True, gc=False):
    """
    All that the engine is told of a leg that reads what its call says, and of whose call.

    Whose it is keeps others from finding out, by how long an answer takes, what
    somebody else asked.
    """

    told: Told
    whose: tuple[str | None, ...]
    """The user, and the agents of the chain."""

    digest: bytes
    """SHA-256 of what the call says. What somebody else wrote is not kept as it is."""


def evaluate(told: Told) -> Verdict:
    """Evaluate a leg by what stands in *told* alone."""
    plan = told.plan
    entities = Entities.from_json_str(json.dumps([*_lasting(told), *_session(told)]))
    return _asked(told, entities, _read_context(plan, told.method, Arguments()))


def evaluate_live(told: Told, live: Live, policies: Policies) -> Verdict:
    """Evaluate a leg that reads what stands in *live*, or give what that came to before."""
    question, plan = live.question, told.plan
    if plan.reads.everything:
        entities = Entities.from_json_str(entities_of(question, policies, live.evidence))
        context = context_of(question, live.arguments)
        return _asked(told, entities, context, policies.schema_for(question.offer))
    context = _read_context(plan, question.method, live.arguments)
    said = _said(plan, live, policies)
    evaluated = partial(_evaluated, told, question.offer, policies, context, said)
    if not plan.is_session_lasting:
        # It reads the time, which is never the same again.
        return evaluated()
    return remembered(policies.live_verdicts, _heard(told, question, context, said), evaluated)


def _heard(told: Told, question: Question, context: str, said: list[Json]) -> Heard:
    user = str(question.user.user) if question.user else None
    whose = user, *[hop.agent for hop in question.hops]
    text = f"{context}\n{json.dumps(said)}" if said else context
    return Heard(told, whose, sha256(text.encode()).digest())


def _evaluated(
    told: Told, offer: Offer | None, policies: Policies, context: str, said: list[Json]
) -> Verdict:
    schema = policies.schema_for(offer) if "input" in told.plan.reads.names else None
    return _asked(told, _entities(told, said, policies), context, schema)


def _entities(told: Told, said: list[Json], policies: Policies) -> Entities:
    """Give the entities of a leg: those that it has in common with other calls are kept."""
    common, added = told, said
    if not told.plan.is_session_lasting:
        common = replace(told, session=())
        added = [*said, *_session(told)]
    entities = policies.entities.find(common)
    if entities is None:
        rows = [*_lasting(common), *_session(common)]
        entities = policies.entities.keep(common, Entities.from_json_str(json.dumps(rows)))
    return entities.with_added_json_str(json.dumps(added)) if added else entities


def _lasting(told: Told) -> Iterator[Json]:
    """Give the entities that many calls have in common."""
    yield from told.plan.rows
    yield from map(principal_row, told.others or (told.party,))


def _session(told: Told) -> Iterator[Json]:
    """Give the session, where facts of it are told."""
    if told.session:
        yield session_of(told.plan.facts, told.session)


def _said(plan: LegPlan, live: Live, policies: Policies) -> list[Json]:
    """Give the entities that only this call has, where they are read."""
    said = []
    if ARGS in plan.facts:
        said.append(argument_texts(live.question))
    if SEEN_HEADERS in plan.facts:
        said.append(header_texts(live.question, policies.headers))
    if plan.reads_uri:
        said.append(pruned(resource_rows(live.question)[-1], plan.reads.names))
    return said


def _read_context(plan: LegPlan, method: str, arguments: Arguments) -> str:
    names = plan.reads.names
    members = {"session": link(*REQUEST), **context_members(plan.plan.offer, method, arguments)}
    return json.dumps({name: value for name, value in members.items() if name in names})


def _asked(told: Told, entities: Entities, context: str, schema: Schema | None = None) -> Verdict:
    request = {
        "principal": reference(told.party.kind, told.party.name),
        "action": reference("Action", told.plan.plan.action),
        "resource": reference(*told.plan.plan.resource),
        "context": context,
    }
    piece = told.plan.slice
    (result,) = is_authorized_batch([request], piece.engine, entities, schema)
    return read_verdict(result, piece.by_engine_id)
