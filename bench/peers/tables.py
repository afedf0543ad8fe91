"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.peers.figures import Runs, cpu, envoy_cpu, p50, p99, resident, throughput
from bench.peers.rounds import NO_FILTER
from bench.peers.servers import Server
from bench.peers.studies import Study
from bench.peers.targets import is_aimed_at, verdicts

BUSY = 1.5
"""A load average at which more ran than this benchmark, which keeps about one core busy."""

EXPLAINED = """\
**µs CPU a check** is user and system time of the server's process group over the checks of the
measured time. It hardly moves with what else the machine does; checks a second and latencies do.
Each figure is the median of the rounds [smallest-largest]. A ratio is taken within each round.
CPU a check falls with concurrency, since wake-ups are shared: compare figures of one load only.
"""

OF_PEERS = """\
The OPA here is OPA's own server with an ext_authz listener written for this benchmark. At equal
work it costs 1.0 to 1.1 times OPA's own Envoy plugin, so ratios against it are fair. Peers are not
asked the two cases that only a strict reader gets right: a body with two names, and another
charset. An Envoy with no filter still reads the whole body first, as it does for ext_authz.
"""


def report(study: Study, meta: Mapping[str, Any], runs: Runs) -> str:
    """Write everything: what ran where, the targets, and a table for each load."""
    aims = [OF_PEERS, "## Targets", "", *targets(runs)] if is_aimed_at(runs) else []
    return "\n".join(
        [
            f"# {study.title}",
            "",
            *_circumstances(meta),
            "",
            EXPLAINED,
            *aims,
            *_loads(runs, study.reference),
            "",
            "## Servers",
            "",
            *_servers(study.servers, meta["missing"]),
            "",
        ]
    )


def targets(runs: Runs) -> Iterator[str]:
    """Give the table of targets, met or not."""
    yield from _head("target", "of", "against", "wanted", "ratio", "")
    for target, ratio, said in verdicts(runs):
        written = ratio.written(2) if ratio else "-"
        yield _row(target.what, target.server, target.other, target.wanted, written, said)


def _circumstances(meta: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in meta["versions"].items())
    machine = meta["machine"]
    yield f"{meta['when']}; {machine['processor']}, {machine['cores']} cores, {machine['kernel']}."
    yield f"{versions}."
    yield (
        f"{meta['rounds']} rounds of {meta['seconds']:g} s a load; server on core 0, generator "
        "(and Envoy) on core 1; loopback; telemetry off."
    )
    averages = [row["load_average"][0] for row in meta["states"]]
    yield (
        f"Load average {min(averages)} to {max(averages)}; one ES256 verification in Go took "
        f"{_range(row['es256_verify_us'] for row in meta['states'])} µs."
    )
    if max(averages) > BUSY:
        yield "\n**The machine was busy with other things: trust ratios of CPU times alone.**"


def _range(values: Iterable[float]) -> str:
    found = sorted(values)
    return f"{found[0]:.0f} to {found[-1]:.0f}"


def _loads(runs: Runs, reference: str) -> Iterator[str]:
    for load in runs.loads:
        hop = "through Envoy" in load
        columns = [
            "server",
            "µs CPU a check",
            f"of {reference}",
            "checks/s",
            "p50 ms",
            "p99 ms",
            "MB",
        ]
        columns += ["µs CPU of Envoy"] if hop else []
        yield f"\n## {load}\n"
        yield from _head(*columns, "errors / wrong / lost")
        for server in runs.servers(load):
            if runs.of(load, server):
                yield _measured(runs, load, server, reference, hop=hop)
            else:
                yield _row(server, "failed", *[""] * (len(columns) - 1))


def _measured(runs: Runs, load: str, server: str, reference: str, *, hop: bool) -> str:
    def said(measure: Any, digits: int = 0) -> str:
        spread = runs.spread(load, server, measure)
        return spread.written(digits) if spread else "-"

    ratio = runs.ratio(load, server, reference, cpu)
    bare = server == NO_FILTER
    cells = [
        server,
        "-" if bare else said(cpu),
        ratio.written(2) if ratio and not bare else "-",
        said(throughput),
        said(p50, 2),
        said(p99, 2),
        "-" if bare else said(resident),
        *([said(envoy_cpu)] if hop else []),
        " / ".join(str(runs.count(load, server, what)) for what in ("errors", "wrong", "lost")),
    ]
    return _row(*cells)


def _servers(servers: Iterable[Server], missing: Mapping[str, str]) -> Iterator[str]:
    yield from _head("server", "what it is")
    for server in servers:
        why = f" (not here: {missing[server.name]})" if server.name in missing else ""
        yield _row(server.name, server.about + why)


def _head(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield _row(*("---" for _ in columns))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
