"""CPU a check as bars, as SVG: for the first pass and for steady state, spread included."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from bench.peers.figures import Runs, Spread, cpu
from bench.peers.targets import STEADY

WIDTH, LABELS, BAR, GAP, TOP = 760, 170, 18, 10, 34
OURS, PEERS = "#1f6f8b", "#b0b7bf"


def drawing(runs: Runs) -> str:
    """Draw a panel for each load that the targets speak of, all to one scale."""
    loads = [load for load in runs.loads if load.startswith(STEADY) and "Envoy" not in load]
    bars = {load: _bars(runs, load) for load in loads}
    most = max((spread.high for rows in bars.values() for _, spread in rows), default=1.0)
    parts, top = [], 0
    for load, rows in bars.items():
        parts += list(_panel(load, rows, top, (WIDTH - LABELS - 120) / most))
        top += TOP + len(rows) * (BAR + GAP) + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}" '
        f'viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join(
        [head, f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *parts, "</svg>\n"]
    )


def _bars(runs: Runs, load: str) -> list[tuple[str, Spread]]:
    spreads = ((server, runs.spread(load, server, cpu)) for server in runs.servers(load))
    found = [(server, spread) for server, spread in spreads if spread is not None]
    return sorted(found, key=lambda row: row[1].middle)


def _panel(load: str, rows: list[tuple[str, Spread]], top: int, scale: float) -> Iterator[str]:
    yield f'<text x="8" y="{top + 20}" font-weight="bold">{escape(load)}: µs CPU a check</text>'
    for number, (server, spread) in enumerate(rows):
        y = top + TOP + number * (BAR + GAP)
        low, middle, high = (
            LABELS + value * scale for value in (spread.low, spread.middle, spread.high)
        )
        colour = OURS if server.startswith("narrowgate") else PEERS
        yield f'<text x="{LABELS - 8}" y="{y + 13}" text-anchor="end">{escape(server)}</text>'
        size = f'width="{middle - LABELS:.1f}" height="{BAR}"'
        yield f'<rect x="{LABELS}" y="{y}" {size} fill="{colour}"/>'
        yield (
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}" '
            'stroke="#333" stroke-width="2"/>'
        )
        yield f'<text x="{high + 8:.1f}" y="{y + 13}">{spread.middle:,.0f}</text>'
