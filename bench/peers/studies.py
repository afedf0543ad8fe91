"""What is compared with what, and by which loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.corpus import MIX, UNIQ
from bench.peers.loads import Load
from bench.peers.noop_grpcio import AS_OURS, command
from bench.peers.places import Place
from bench.peers.servers import OPA, SERVERS, Role, Server

MAIN, NOTHING = frozenset({Role.MAIN}), frozenset({Role.NOTHING})
BARE, NO_OPS, EVERY = MAIN | {Role.SIDE}, MAIN | NOTHING, frozenset(Role)


@dataclass(frozen=True)
class Study:
    """One comparison; its results are files of the study's name."""

    title: str
    servers: Sequence[Server]
    loads: Sequence[Load]
    """Of one round, in order: a first pass is a fresh server's first load."""

    reference: str
    """The server that all others are put in relation to."""


def _settings(about: str, threads: int, *options: str) -> Server:
    def run(place: Place) -> Sequence[str]:
        return command(place.port, threads, *options)

    return Server(about, about, Role.NOTHING, run)


UNSEEN = tuple(range(start, start + UNIQ // 3) for start in range(0, UNIQ, UNIQ // 3))
"""Records of `uniq` for each of its loads: none of them has been sent before."""

OURS = "the gate's threads"
THREAD_COUNTS = (1, 2, 4, 8, 16, 64)

PEERS = Study(
    "Ours and its peers, side by side",
    SERVERS,
    (
        Load("mix", first_pass=MIX),
        Load("mix", roles=BARE),
        Load("mix", 1),
        Load("mix", 64),
        Load("hot", roles=EVERY),
        Load("hot", 1, roles=NO_OPS),
        Load("hot", 64, roles=NO_OPS),
        *(Load("uniq", count, once=part) for count, part in zip((1, 16, 64), UNSEEN, strict=True)),
        *(Load("mix", rate=rate) for rate in (400, 800)),
        *(Load(corpus, through_envoy=True) for corpus in ("hot", "mix")),
        Load("mix", 1, through_envoy=True),
    ),
    OPA,
)

QUICK = Study(
    "Ours and its peers, a quick look",
    SERVERS,
    (
        Load("mix", first_pass=2000),
        Load("mix", roles=BARE),
        Load("hot", roles=EVERY),
        Load("mix", through_envoy=True),
    ),
    OPA,
)

TRANSPORT = Study(
    "grpcio by its settings, without any work",
    (
        _settings(OURS, AS_OURS),
        *(_settings(f"{count} threads", count) for count in THREAD_COUNTS),
        _settings("keep-alive each second", AS_OURS, "grpc.keepalive_time_ms=1000"),
        _settings("for throughput", AS_OURS, "grpc.optimization_target=throughput"),
        _settings("for latency", AS_OURS, "grpc.optimization_target=latency"),
    ),
    (
        *(Load("hot", count, roles=NOTHING) for count in (1, 16, 64)),
        *(Load("hot", connections=count, roles=NOTHING) for count in (4, 16)),
    ),
    OURS,
)

STUDIES: Mapping[str, Study] = {"peers": PEERS, "quick": QUICK, "transport": TRANSPORT}
