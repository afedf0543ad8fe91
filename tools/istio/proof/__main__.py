"""`python -m tools.istio.proof`: run every case of every mode; exit 0 only if each went as told."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.istio.kit import CLUSTER, ISTIOCTL, ISTIOD, KIT, NoKit, have
from tools.istio.proof.alone import CannotBeAlone, enter
from tools.istio.proof.calls import Answer, ask
from tools.istio.proof.cases import PLACES, Case, Mode, cases
from tools.istio.proof.children import ChildFailed
from tools.istio.proof.cluster import Refused
from tools.istio.proof.stage import GATE, Stage, staged
from tools.istio.proof.wall import attempts, is_let_in

LIMIT_SECONDS = 600
COLUMNS = ("", "answer", "gate", "by", "who called", "target", "")
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 150)


def main() -> int:
    """Run the proof."""
    argparse.ArgumentParser(prog="python -m tools.istio.proof", description=__doc__).parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("It took too long."))
    try:
        have((ISTIOCTL, ISTIOD, CLUSTER))
        enter("tools.istio.proof")
        signal.alarm(LIMIT_SECONDS)
        folder = KIT / "proof"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        began = time.monotonic()
        with staged(folder) as stage:
            console.print(f"All of it is up after {time.monotonic() - began:.0f} s.\n")
            mistakes = [each for mode in Mode for each in _play(mode, stage)]
            mistakes += _try_wall(stage)
    except (CannotBeAlone, ChildFailed, NoKit, Refused) as error:
        print(f"The proof ended early: {error}", file=sys.stderr)
        return 1
    for mistake in mistakes:
        console.print(mistake, style="bold red", markup=False)
    if not mistakes:
        console.print("Every case of every mode went as told.", style="bold green")
    return 1 if mistakes else 0


def _play(mode: Mode, stage: Stage) -> list[str]:
    table = Table(*COLUMNS, title=mode.value, title_justify="left", box=None, pad_edge=False)
    mistakes = []
    for number, case in enumerate(cases(mode)):
        name = f"{mode.value}-{number}"
        stage.gate.new_records()
        answer = ask(stage.doors[mode, case.caller], mode, case, name)
        records = stage.gate.new_records()
        details = _details(stage, mode, name)
        found = _wrong(mode, case, answer, records, details, reached=name in stage.reached)
        record: Mapping[str, Any] = records[0] if records else {}
        table.add_row(
            case.name,
            "none" if answer.code is None else str(answer.code),
            record.get("reason", "not asked"),
            record.get("identity") or "-",
            (record.get("workload") or "-").removeprefix("spiffe://cluster.local/ns/"),
            "reached" if name in stage.reached else "-",
            f"[red]{'; '.join(found)}[/]" if found else "as told",
        )
        mistakes += [f"{mode.value}, {case.name}: {each}" for each in found]
    console.print(table)
    console.print()
    return mistakes


def _try_wall(stage: Stage) -> list[str]:
    title = "the gate's own ports, behind its sidecar"
    table = Table("", "port", "", "", title=title, title_justify="left", box=None, pad_edge=False)
    mistakes = []
    for each in attempts():
        let_in = is_let_in(each, stage.authority, GATE)
        seen = "answered" if let_in else "refused by the mesh"
        right = let_in == each.is_let_in
        if not right:
            mistakes.append(f"{each.who} at port {each.port}: {seen}")
        name = each.who.removeprefix("spiffe://cluster.local/ns/")
        table.add_row(name, str(each.port), seen, "as told" if right else "[red]wrong[/]")
    console.print(table)
    console.print()
    return mistakes


def _wrong(
    mode: Mode, case: Case, answer: Answer, records: list[Mapping[str, Any]], details: str,
    *, reached: bool,
) -> list[str]:  # fmt: skip
    """Say what was seen of *case* that should not be so."""
    found = []
    if answer.code != case.code:
        found.append(f"the answer is {answer.code}, not {case.code}")
    if reached != case.reached:
        found.append("the target was reached" if reached else "the target was not reached")
    if not details.startswith(case.details):
        found.append(f"Envoy says {details!r}, not {case.details!r}")
    reasons = [record["reason"] for record in records]
    if reasons != ([case.reason] if case.reason else []):
        found.append(f"the gate recorded {reasons}, not {case.reason}")
    elif records:
        (record,) = records
        expected = {
            "listener": mode.value,
            "workload": case.workload,
            "identity": PLACES[mode].identity,
        }
        for member, wanted in expected.items():
            if record[member] != wanted:
                found.append(f"{member} is {record[member]}, not {wanted}")
    if reached:
        found += _wrong_headers(case, answer.body.get("headers", {}))
    return found


def _wrong_headers(case: Case, headers: Mapping[str, str]) -> list[str]:
    """Say what reached the target that should not have, or did not and should."""
    found = []
    if not headers.get("authorization", "").startswith("Bearer "):
        found.append("the target was given no token")
    wanted = {"x-narrowgate-agent": "agents/planner", "x-workload-spiffe-id": case.workload}
    for name, value in wanted.items():
        if headers.get(name) != value:
            found.append(f"{name} is {headers.get(name)}")
    if "x-forwarded-client-cert" in headers:
        found.append("the target was told x-forwarded-client-cert")
    return found


def _details(stage: Stage, mode: Mode, name: str) -> str:
    """Give what the Envoy of *mode* says about why it answered, where it answered itself."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        for line in stage.logs[mode].read_text().splitlines():
            if line.startswith("{") and json.loads(line).get("case") == name:
                return str(json.loads(line)["details"])
        time.sleep(0.02)
    return ""


if __name__ == "__main__":
    sys.exit(main())
