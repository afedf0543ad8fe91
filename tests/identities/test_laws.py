"""Laws of who asks: the listener's own proof decides, and nothing that is drawn is our fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from authz.server.decision_point import DecisionPoint
from tests.identities.world import NAMES, ask, every_listener, server_of
from tests.support.worlds import prepare_home

OWN: Mapping[str, frozenset[str]] = {
    "out": frozenset({"principal"}),
    "certificate": frozenset({"certificate"}),
    "waypoint": frozenset({"xfcc"}),
    "beside": frozenset({"metadata"}),
    "named": frozenset({"metadata"}),
    "client": frozenset({"token", "principal", "certificate"}),
    "in": frozenset[str](),
    "in-agents": frozenset({"principal"}),
}
"""What each listener looks at; a client id does not count where TLS shows anybody."""

PROOFS = ("principal", "certificate", "xfcc", "metadata")
workloads = st.sampled_from([f"{{{word}}}" for word in NAMES])
words = st.text(st.sampled_from('az=;,"\\-/: {}'), max_size=12)
said = st.one_of(workloads, st.sampled_from(["", "-", "spiffe://example.com/x", "x"]), words)
headers = st.one_of(
    st.builds("By={};URI={}".format, workloads, said),
    st.builds("By={{WAYPOINT}};URI={}".format, said),
    st.builds('By={{WAYPOINT}};Subject="{}";URI={}'.format, words, said),
    st.builds("By={{WAYPOINT}};URI={},By={{WAYPOINT}};URI={}".format, said, said),
    words,
)
keys = st.sampled_from(["x-peer-principal", "x-caller", "x-self", "x-local-principal"])
tokens = st.fixed_dictionaries(
    {
        "claims": st.fixed_dictionaries(
            {"client_id": st.sampled_from(["web-portal", "research-agent", "payer", 5, "{PAYER}"])},
            optional={"azp": st.sampled_from(["payer", "research-agent"])},
        )
    }
)
checks = st.fixed_dictionaries(
    {"listener": st.sampled_from(sorted(OWN)), "token": st.one_of(st.none(), tokens)},
    optional={
        "principal": said,
        "certificate": workloads,
        "xfcc": headers,
        "metadata": st.dictionaries(keys, said, max_size=3),
    },
)


@pytest.fixture(scope="module")
def server(
    decision_point: DecisionPoint, tmp_path_factory: pytest.TempPathFactory
) -> DecisionPoint:
    """A gate with a listener of every kind."""
    home = every_listener(prepare_home(tmp_path_factory.mktemp("laws")))
    return server_of(home, decision_point)


@given(row=checks)
def test_only_the_listeners_proof_counts(server: DecisionPoint, row: dict[str, Any]) -> None:
    """With all other proofs gone, the same agent is proven or not, for the same reason."""
    own = OWN[row["listener"]]
    alone = {name: part for name, part in row.items() if name not in PROOFS or name in own}

    everything, only = (ask(server, each).record for each in (row, alone))

    event(f"{row['listener']}: {everything['reason']}")
    for name in ("reason", "step", "detail", "identity", "workload", "client", "agent", "user"):
        assert everything[name] == only[name], name
    assert everything["reason"] != "fault", everything["detail"]


@given(row=checks)
def test_who_is_proven_was_named(server: DecisionPoint, row: dict[str, Any]) -> None:
    """No workload is proven that does not stand, whole, in what the listener reads."""
    record = ask(server, row).record

    if record["workload"] is not None:
        word = next(word for word, identity in NAMES.items() if identity == record["workload"])
        (kind,) = OWN[row["listener"]]
        assert f"{{{word}}}" in str(row[kind])
        assert record["identity"] != "none"
