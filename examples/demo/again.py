"""Every decision of the demo made again off line, by `authz check`, from the log alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from examples.demo.children import json_lines
from examples.demo.places import HOME, RECORDS
from examples.demo.scenes import NotAsTold

AUTHZ = Path(sys.executable).with_name("authz")
SAID = (0, 4)
"""How it exits where it could say of each record whether it would be decided otherwise now."""

UNDECIDED = "fault"
"""Reason of a record that decided nothing: the Check was not read."""

UNPROVEN = frozenset({"credential_invalid", "workload_unidentified"})
"""Reasons of records that do not say whose proof would have been good: that cannot be tried."""


def made_again(console: Console) -> None:
    """
    Show what would have turned each no, and that every decision is the same again.

    Raises:
        NotAsTold: one is another now, or a no does not name the one fact that would turn it.
    """
    command = [str(AUTHZ), "check", str(HOME), "--decisions", str(RECORDS), "--format", "json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode not in SAID:
        raise NotAsTold(f"authz check exited with {answer.returncode}: {answer.stderr}")
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    edited = _of_edited_worlds()
    decided = [row for row in rows if row["reason"] != UNDECIDED and row["decision"] not in edited]
    console.print("What would have turned each no, by authz check", style="bold")
    for row in decided:
        if row["again"] != "the same":
            raise NotAsTold(f"decision {row['decision']}: {row['because']}")
        if row["verdict"] != "allow":
            console.print(Text(f"   {row['reason']}: {_one_fact(row)}"))
    console.print(
        f"   {len(decided)} of {len(decided)} decisions are the same again;"
        f" {len(edited)} more were made while a file said something else.\n"
    )


def _of_edited_worlds() -> set[str]:
    """Give the decisions that were made in another world than the first, which is back in force."""
    worlds = {row["decision"]: row["world"] for row in json_lines(RECORDS)}
    first = next(iter(worlds.values()))
    return {decision for decision, world in worlds.items() if world != first}


def _one_fact(row: dict[str, Any]) -> str:
    was_tried = row["allowed_with_changes"] or row["reason"] in UNPROVEN
    if len(row["changes"]) != 1 or not was_tried:
        raise NotAsTold(f"{row['reason']} names no one fact: {row['changes']}")
    fact: str = row["changes"][0]
    return fact
