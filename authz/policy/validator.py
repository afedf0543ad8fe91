"""What the engine's validator finds wrong with policies, and where."""

from __future__ import annotations

from collections.abc import Iterator

from cedarpy import Schema, validate_policies

from authz.directory.diagnostics import Position
from authz.policy.engine_words import NO_ACTION, in_our_words, without_id
from authz.policy.names import Names
from authz.policy.narrow import part_refused
from authz.policy.remarks import Remark
from authz.policy.statements import Statement


def validator_remarks(text: str, schema: Schema, names: Names) -> Iterator[tuple[str, Remark]]:
    """Validate all policies of *text* at once; give remarks with the engine's id of the policy."""
    told: dict[str, set[str]] = {}
    for error in validate_policies(text, schema).errors:
        # One mistake is told for each kind of request that the policy could be about.
        told.setdefault(error.policy_id, set()).add(without_id(error.error))
    for name, messages in told.items():
        # A name that nothing has leaves a policy without actions: that says nothing more.
        causes = [message for message in messages if NO_ACTION not in message]
        remarks: dict[object, Remark] = {}
        for message in sorted(causes or messages):
            # Words that are wrong in every kind of request are told once.
            remark = in_our_words(message, names)
            remarks.setdefault(remark.about or message, remark)
        yield from ((name, remark) for remark in remarks.values())


def part_with_mistake(statement: Statement, message: str, schema: Schema) -> Position:
    """Give the part of the conditions of which the validator says *message*, or the beginning."""

    def is_refused(text: str) -> bool:
        return any(message in error.error for error in validate_policies(text, schema).errors)

    offset = part_refused(statement.text, is_refused)
    return statement.position if offset is None else statement.at(offset)
