"""One leg asked of the engine, with the policies and the facts that can matter, and no others.

Cedar reads attributes by literal names, so a fact under a name that no policy of
the slice has cannot matter. Values that a caller typed are read with the schema
of their one tool, which refuses any that is not of its type. Without such values
no schema is needed: all else is written here, as texts, numbers and links of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from cedarpy import Entities, Schema, is_authorized_batch
from msgspec import Struct
from msgspec.structs import replace

from authz.policy.arguments import Arguments
from authz.policy.compiled import Policies
from authz.policy.entities import Json, link, reference
from authz.policy.facts import argument_texts, context_of, entities_of, header_texts
from authz.policy.offers import context_members, resource_rows
from authz.policy.plans import LegPlan, Principal, principal_row, pruned
from authz.policy.question import Question
from authz.policy.session import ARGS, REQUEST, SEEN_HEADERS, Evidence, session_of
from authz.policy.verdicts import Verdict, read_verdict


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


def evaluate(told: Told) -> Verdict:
    """Evaluate a leg by what stands in *told* alone."""
    plan = told.plan
    entities = Entities.from_json_str(json.dumps([*_lasting(told), *_session(told)]))
    return _asked(told, entities, _read_context(plan, told.method, Arguments()))


def evaluate_live(told: Told, live: Live, policies: Policies) -> Verdict:
    """Evaluate a leg that reads what stands in *live*."""
    question, reads = live.question, told.plan.reads
    if reads.everything:
        entities = Entities.from_json_str(entities_of(question, policies, live.evidence))
        context = context_of(question, live.arguments)
        return _asked(told, entities, context, policies.schema_for(question.offer))
    context = _read_context(told.plan, question.method, live.arguments)
    schema = policies.schema_for(question.offer) if "input" in reads.names else None
    return _asked(told, _entities(told, live, policies), context, schema)


def _entities(told: Told, live: Live, policies: Policies) -> Entities:
    """Give the entities of a leg: those that it has in common with other calls are kept."""
    common, added = told, _said(told.plan, live, policies)
    if not told.plan.is_session_lasting:
        common = replace(told, session=())
        added.extend(_session(told))
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
