"""`make cost`: what decisions cost now against the baseline; see `--help`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.cost import baseline
from bench.cost.baseline import Change, Count, Counted, changes, this_machine
from bench.cost.callgrind import CannotCount, by_library, run_counted
from bench.cost.counted import COUNTED, DECISIONS

DEARER, NOT_COUNTED = 1, 2

EPILOG = f"""Instructions are counted by valgrind, whose counts of the same tree agree within 1 %.
Where more is done is told by library, and by calls of functions.

exit codes: 0 no scenario is more than {baseline.MOST_GROWTH - 1:.0%} dearer; 1 one is;
2 nothing could be counted or compared (0 outside CI, where valgrind may be missing)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Count, and compare or renew."""
    options = _parser().parse_args(arguments)
    try:
        counted = count(["--plant"] if options.plant else [])
        if options.renew:
            baseline.FILE.write_text(baseline.as_text(counted), encoding="utf-8")
            print(f"renewed {baseline.FILE.name}: read its difference before you commit it")
            _tell([Change(name, each, each) for name, each in counted.scenarios.items()])
            return 0
        found = compared(counted)
    except CannotCount as error:
        print(f"not counted: {error}")
        return NOT_COUNTED if "CI" in os.environ else 0
    _tell(found)
    return DEARER if any(each.is_too_dear for each in found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.cost",
        description="Count what decisions cost, and compare it with the baseline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--renew", action="store_true", help="make what is counted the baseline")
    parser.add_argument(
        "--plant",
        action="store_true",
        help="answer every eighth Check twice: the guard must turn red",
    )
    return parser


def count(options: Sequence[str]) -> Counted:
    """
    Count all scenarios in a process of their own.

    Raises:
        CannotCount: there is no valgrind, or it failed.
    """
    with tempfile.TemporaryDirectory(prefix="cost-") as made:
        folder, told = Path(made), Path(made, "calls.json")
        command = [sys.executable, "-m", "bench.cost.counted", str(folder / "worlds"), str(told)]
        (folder / "dumps").mkdir()
        try:
            dumps = run_counted([*command, "--instructions", *options], folder / "dumps")
        except subprocess.TimeoutExpired as error:
            raise CannotCount(f"it takes longer than {error.timeout:g} s") from error
        calls = json.loads(told.read_text())
    if len(dumps) != len(COUNTED):
        raise CannotCount(f"{len(dumps)} counts for {len(COUNTED)} scenarios")
    return Counted(
        this_machine(),
        {
            name: Count(_a_decision(by_library(dump)), calls[name])
            for name, dump in zip(COUNTED, dumps, strict=True)
        },
    )


def _a_decision(counted: Mapping[str, int]) -> dict[str, int]:
    return {name: instructions // DECISIONS for name, instructions in counted.items()}


def compared(counted: Counted) -> list[Change]:
    """
    Compare *counted* with the baseline.

    Raises:
        CannotCount: the baseline was counted with something else, or not at all.
    """
    renew = "`make cost RENEW=1` makes one"
    if not baseline.FILE.exists():
        raise CannotCount(f"there is no baseline; {renew}")
    before = baseline.read(baseline.FILE.read_text(encoding="utf-8"))
    if before.machine != counted.machine:
        raise CannotCount(f"the baseline was counted with {dict(before.machine)}; {renew}")
    if before.scenarios.keys() != counted.scenarios.keys():
        raise CannotCount(f"the baseline has other scenarios; {renew}")
    return changes(before, counted)


def _tell(found: Sequence[Change]) -> None:
    for each in found:
        verdict = "DEARER" if each.is_too_dear else "cheaper" if each.is_cheaper else "as before"
        print(
            f"{each.scenario:36} {each.before.instructions:>12,} → {each.after.instructions:>12,}"
            f" instructions a decision {each.ratio - 1:>+8.1%}  {verdict}"
        )
        if each.is_too_dear:
            print(*(f"    {reason}" for reason in each.reasons()), sep="\n")
    if any(each.is_too_dear for each in found):
        print(f"\nat most {baseline.MOST_GROWTH - 1:+.0%}. Is it worth it? `make cost RENEW=1`")
    elif any(each.is_cheaper for each in found):
        print("\nkeep what was gained: `make cost RENEW=1`")


if __name__ == "__main__":
    sys.exit(main())
