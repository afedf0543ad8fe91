"""What the comparison says of its runs: ratios by round, targets, tables and the drawing."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.corpus import UNIQ
from bench.peers.figures import Runs, Spread, cpu, envoy_cpu, throughput
from bench.peers.loads import Load, counted
from bench.peers.plot import drawing
from bench.peers.rounds import Run
from bench.peers.servers import FAST, OPA, OURS, SERVERS, Role
from bench.peers.studies import PEERS, STUDIES
from bench.peers.tables import report
from bench.peers.targets import STEADY, TARGETS, verdicts

FIRST = Load("mix", first_pass=20_000).name
META = {
    "when": "2026-01-01 00:00 UTC",
    "rounds": 2,
    "seconds": 1.0,
    "machine": {"processor": "some", "cores": 2, "kernel": "Linux 6"},
    "versions": {"Go": "1.26"},
    "missing": {FAST: "there is no fast front"},
}


def state(average: float) -> dict[str, Any]:
    """Give a state of the machine."""
    return {"load_average": [average, 0, 0], "es256_verify_us": 70.0}


def run(server: str, spent: float, *, number: int = 0, load: str = STEADY, **changed: Any) -> Run:
    """Give a run in which a check cost so many microseconds."""
    found = {
        "cpu_us": [spent, 50.0], "per_second": 1e6 / spent, "p50_ms": 1.0, "p99_ms": spent / 100,
        "resident_mb": [80.0], "errors": 0, "wrong": 0, "lost": 0,
    }  # fmt: skip
    return Run(number, load, server, {**found, **changed}, 0.5)


def said(*rows: Run) -> dict[tuple[str, str, str], str]:
    """Give what is said of each target."""
    return {
        (target.what, target.server, target.other): verdict
        for target, _, verdict in verdicts(Runs(rows))
    }


def test_ratio_is_taken_in_each_round() -> None:
    """A round in which the machine was slow for both changes no ratio."""
    runs = Runs([run(OURS, 100), run(OPA, 400), run(OURS, 300, number=1), run(OPA, 1200, number=1)])

    assert runs.ratio(STEADY, OURS, OPA, cpu) == Spread(0.25, 0.25, 0.25)
    assert runs.spread(STEADY, OURS, cpu) == Spread(200, 100, 300)


def test_what_failed_has_no_figures() -> None:
    """A run that failed is in no median, and its round is in no ratio."""
    failed = Run(1, STEADY, OURS, {"failed": "no generator"}, 0.5)
    runs = Runs([run(OURS, 100), run(OPA, 400), failed, run(OPA, 800, number=1)])

    assert runs.ratio(STEADY, OURS, OPA, cpu) == Spread(0.25, 0.25, 0.25)
    assert Runs([failed]).spread(STEADY, OURS, cpu) is None


@pytest.mark.parametrize(
    ("ours", "becomes"), [(339, "met"), (340, "met"), (341, "not met"), (1000, "not met")]
)
def test_target_has_an_edge(ours: float, becomes: str) -> None:
    """The limit itself is within it."""
    assert said(run(OURS, ours), run(OPA, 1000))["CPU a check", OURS, OPA] == becomes


def test_more_is_better_for_throughput() -> None:
    """A ratio that has to be large is met from above."""
    found = said(run(OURS, 300), run(OPA, 1000)), said(run(OURS, 500), run(OPA, 1000))

    assert [row["throughput", OURS, OPA] for row in found] == ["met", "not met"]


def test_first_pass_is_another_load() -> None:
    """The target of the first pass is read from its own load, and is not measured without it."""
    steady = [run(OURS, 100), run(OPA, 1000)]
    first = [run(OURS, 900, load=FIRST), run(OPA, 1000, load=FIRST)]
    name = ("CPU a check, first pass", OURS, OPA)

    assert said(*steady)[name] == "not measured"
    assert said(*steady, *first)[name] == "not met"
    half = run(OURS, 300, load=FIRST, lost=10_000)
    assert said(*first[1:], half)[name] == "met, and not every call was made"


def test_every_target_names_servers_of_the_table() -> None:
    """A target speaks of rows that there are, and that get the loads that it speaks of."""
    roles = {server.name: server.role for server in SERVERS}

    assert {roles[name] for row in TARGETS for name in (row.server, row.other)} == {Role.MAIN}
    assert {STEADY, FIRST} <= {load.name for load in PEERS.loads}


def test_loads_have_names_of_their_own() -> None:
    """No two loads or servers of a study are told as one."""
    for study in STUDIES.values():
        for rows in (study.loads, study.servers):
            names = [row.name for row in rows]
            assert len(set(names)) == len(names)


def test_uniq_sends_no_token_twice() -> None:
    """The loads of `uniq` share no record, whatever order they come in."""
    parts = [load.once for load in PEERS.loads if load.corpus == "uniq"]
    sent = [record for part in parts for record in part or ()]

    assert None not in parts
    assert len(set(sent)) == len(sent)
    assert max(sent) < UNIQ


def test_report() -> None:
    """The report says what ran where, what is missing, and what must be nought."""
    hop = Load("mix", through_envoy=True).name
    rows = [run(OURS, 100, wrong=3), run(OPA, 400), run("no filter", 50, load=hop)]
    text = report(PEERS, {**META, "states": [state(0.3)]}, Runs(rows))

    assert f"| {OURS} | 100 [100-100] | 0.25 [0.25-0.25] |" in text
    assert "| 0 / 3 / 0 |" in text
    assert "(not here: there is no fast front)" in text
    assert "| no filter | - | - |" in text
    assert "busy" not in text
    assert "busy with other things" in report(PEERS, {**META, "states": [state(9.0)]}, Runs(rows))


def test_half_a_pass_is_told() -> None:
    """What a first pass had no time for is lost; other loads end by the clock, and lose nothing."""
    found = {"calls": 14_990, "errors": 10, "lost": 0}

    assert counted(Load("mix", first_pass=20_000), found)["lost"] == 5000
    assert counted(Load("mix"), found)["lost"] == 0


def test_envoy_is_the_last_group() -> None:
    """Through Envoy the server's time stands first, and Envoy's last; alone it is both."""
    assert (cpu(run(OURS, 100)), envoy_cpu(run(OURS, 100))) == (100, 50)
    assert throughput(run(OURS, 100)) == 10_000


def test_drawing_is_svg() -> None:
    """The drawing is XML with a bar for each server, longer for what costs more."""
    tree = ET.fromstring(drawing(Runs([run(OURS, 100), run(OPA, 400)])))
    bars = [element for element in tree.iter() if element.tag.endswith("rect")][1:]
    ours, opa = (float(bar.get("width", "")) for bar in bars)

    assert opa == pytest.approx(4 * ours, rel=0.01)
