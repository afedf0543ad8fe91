"""What the engine's validator finds wrong with policies, and where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cedarpy import Schema, validate_policies

from authz.directory.diagnostics import Position
from authz.directory.progress import Progress, Stage, count
from authz.policy.batches import Batch
from authz.policy.engine_words import NO_ACTION, in_our_words, without_id
from authz.policy.names import Names
from authz.policy.narrow import part_refused
from authz.policy.remarks import Remark
from authz.policy.source import Sourced
from authz.policy.statements import Statement
from authz.policy.written import engine_id


@dataclass(frozen=True, slots=True)
class Refused:
    """A policy that does not fit, and what the engine says of it."""

    policy: Sourced
    messages: dict[str, Batch]
    """Its words, without its own id of the policy, and where it said them first."""


def refusals(batches: Iterable[Batch], tell: Progress) -> Iterator[Refused]:
    """
    Validate every batch; give what the engine refuses, as it would over all batches at once.

    That no action applies is so only where every batch says it.
    """
    refused: dict[Position, Refused] = {}
    tried: Counter[Position] = Counter()
    idle: Counter[Position] = Counter()
    for batch in count(Stage.VALIDATION, tuple(batches), tell):
        tried.update(row.position for row in batch.policies)
        for policy, messages in _messages(batch):
            said = refused.setdefault(policy.position, Refused(policy, {})).messages
            said.update({message: batch for message in messages if message not in said})
            idle[policy.position] += any(NO_ACTION in message for message in messages)
    for place, each in refused.items():
        is_idle = idle[place] == tried[place]
        left = {text: at for text, at in each.messages.items() if is_idle or NO_ACTION not in text}
        if left:
            yield Refused(each.policy, left)


def _messages(batch: Batch) -> Iterator[tuple[Sourced, set[str]]]:
    """Validate a batch at once; the engine names policies by their order in the text."""
    by_engine_id = {engine_id(index): row for index, row in enumerate(batch.policies)}
    text = "\n".join(row.source.text for row in batch.policies)
    told: defaultdict[str, set[str]] = defaultdict(set)
    for error in validate_policies(text, batch.schema()).errors:
        # One mistake is told for each kind of request that the policy could be about.
        told[error.policy_id].add(without_id(error.error))
    yield from ((by_engine_id[name], messages) for name, messages in told.items())


def remarks_on(refused: Refused, names: Names) -> Iterator[tuple[Remark, Batch]]:
    """Say in our words what is wrong, and in which batch the engine said so."""
    # A name that nothing has leaves a policy without actions: that says nothing more.
    causes = [message for message in refused.messages if NO_ACTION not in message]
    told: set[object] = set()
    for message in sorted(causes or refused.messages):
        remark = in_our_words(message, names)
        # Words that are wrong in every kind of request are told once.
        about = remark.about or message
        if about not in told:
            told.add(about)
            yield remark, refused.messages[message]


def part_with_mistake(statement: Statement, message: str, schema: Schema) -> Position:
    """Give the part of the conditions of which the validator says *message*, or the beginning."""

    def is_refused(text: str) -> bool:
        return any(message in error.error for error in validate_policies(text, schema).errors)

    offset = part_refused(statement.text, is_refused)
    return statement.position if offset is None else statement.at(offset)
