"""Where the time of a warm decision goes: each stage alone, with what the one before left it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from authz._proto.external_auth_pb2 import CheckRequest
from authz.audit.describe import describe
from authz.claims.check import check_minted
from authz.decide import GRANTING, READING, Step, clear
from authz.model.outcome import NO_ANSWERS, Allowed, Facts, Learning, Named, Outcome, Passed
from authz.outcomes import allow
from authz.steps.given import Given, Grant
from authz.tokens.mint import mint
from authz.wire.check import read_check, unread_call, write_allow, write_named
from bench.own.checks import LISTENER, NOW
from bench.own.decisions import variant
from bench.own.gate import Gate, opened_gate
from bench.own.measuring import Variant, alternate, repeated
from bench.own.scenarios import SCENARIOS, Scenario
from bench.own.subject import Setting
from bench.own.tables import Cell, Table
from bench.own.worlds import Size, write_world

ROUNDS = 24
TIMES = 100
"""Of each stage in a round."""

MEASURED = ("allow", "allow, mint", "reads arguments")
WHOLE = "whole decision"
PART = "… of which"
"""Begins the name of what is a part of the stage above it."""

NOTE = """Each stage is done again and again by itself, so it finds the processor's caches warmer
than a whole decision does; that, making ids and catching faults is what lies between them."""

ID = "0" * 32


def run(setting: Setting) -> Sequence[Table]:
    """Take decisions apart."""
    home = write_world(setting.folder / "home", Size())
    with opened_gate(home) as gate:
        return [_table(gate, SCENARIOS[name], setting) for name in MEASURED]


def _table(gate: Gate, scenario: Scenario, setting: Setting) -> Table:
    setting.say(f"stages of: {scenario.name}")
    variants = {WHOLE: variant(gate, scenario), **stages_of(gate, scenario.make(0))}
    found = alternate(variants, setting.rounds(ROUNDS))
    whole = found.pop(WHOLE).median
    rows: list[tuple[Cell, ...]] = [
        (name, each.median, each.low, each.high, 100 * each.median / whole)
        for name, each in found.items()
    ]
    together = sum(each.median for name, each in found.items() if not name.startswith(PART))
    rows.append(("all stages", together, None, None, 100 * together / whole))
    rest = whole - together
    rows.append(("between them", rest, None, None, 100 * rest / whole))
    rows.append((WHOLE, whole, None, None, 100.0))
    columns = ("stage", "µs, median", "1st quartile", "3rd quartile", "% of the whole")
    return Table(f"Stages of a warm decision: {scenario.name}", columns, rows, [NOTE])


def stages_of(gate: Gate, check: bytes) -> dict[str, Variant]:
    """Give each stage of the decision of *check*, which is an allow, as something to measure."""
    in_force = gate.point.worlds.now
    unread = unread_call(LISTENER, decision=ID, new_trace=ID)
    message = CheckRequest.FromString(check)
    call = read_check(message, unread, {})
    stages: dict[str, Callable[[], object]] = {
        "parse the message": partial(CheckRequest.FromString, check),
        "read the Check": partial(read_check, message, unread, {}),
    }
    given, facts = Given(call, in_force.world, NOW, NO_ANSWERS), Facts(call)
    facts = _taken(READING, given, facts, stages)
    stages["steps 2 to 8, kept"] = lambda: clear(given, _copied(facts))
    cleared = _copied(facts)
    assert clear(given, cleared) is None
    granted = _taken(GRANTING, given, cleared, stages)
    stages["allow"] = partial(allow, granted)
    outcome = allow(granted)
    stages |= _released(gate, outcome)
    stages |= _recorded(gate, outcome)
    return {name: repeated(work, TIMES) for name, work in stages.items()}


def _copied(facts: Facts) -> Learning:
    known = Learning()
    known.add_all(facts)
    return known


def _taken(
    steps: Sequence[Step], given: Given, facts: Facts, stages: dict[str, Callable[[], object]]
) -> Facts:
    """Give what is known after *steps*, and add each of them to *stages*."""
    for number, take in steps:
        stages[f"step {number}: {take.__name__}"] = partial(take, given, facts)
        taken = take(given, facts)
        assert isinstance(taken, Passed), take
        facts = facts.learn(taken.fact, *taken.besides)
    return facts


def _released(gate: Gate, outcome: Allowed | Named) -> dict[str, Callable[[], object]]:
    if isinstance(outcome, Named):
        return {"write the answer": lambda: write_named(outcome)}
    keys, own = gate.point.worlds.now.keys, gate.point.world.own_keys
    grant = outcome.facts.of(Grant)
    signed = mint(grant.claims, keys)
    token = check_minted(signed, own, grant.inputs, NOW).token
    return {
        "sign the token": partial(mint, grant.claims, keys),
        "check the token": partial(check_minted, signed, own, grant.inputs, NOW),
        "write the answer": lambda: write_allow(outcome, token),
    }


def _recorded(gate: Gate, outcome: Outcome) -> dict[str, Callable[[], object]]:
    world = gate.point.world
    headers = world.directory.gate.policy_headers
    told = {"read": 10, "decide": 100}
    record = describe(outcome, NOW, world.version, told, headers)
    return {
        "describe the record": partial(describe, outcome, NOW, world.version, told, headers),
        "encode and write the record": lambda: gate.point.records.write(record.line),
        f"{PART} to encode it": lambda: record.line,
    }
