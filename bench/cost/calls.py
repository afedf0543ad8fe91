"""Calls of functions by name: exact on one Python, and they say where more is done."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

OURS = "authz."
BENCH = ("bench.", "__main__")
PACKAGE = " (package)"
_HIDDEN = ""


def count_calls(block: Callable[[], object], decisions: int) -> Mapping[str, float]:
    """
    Run *block* and count the calls of functions in it.

    Returns:
        Calls a decision: of our functions by name, of all others by package. A
        comprehension is no function: on a newer Python it is not even a call.
    """
    counted: Counter[str] = Counter()

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            counted[_name_of(frame)] += 1
        elif event == "c_call" and argument is not sys.setprofile:
            counted[_package(argument.__module__ or "builtins")] += 1

    sys.setprofile(seen)
    try:
        block()
    finally:
        sys.setprofile(None)
    del counted[_HIDDEN]
    return {name: round(calls / decisions, 2) for name, calls in sorted(counted.items())}


def _name_of(frame: FrameType) -> str:
    module, function = str(frame.f_globals.get("__name__")), frame.f_code.co_qualname
    if function.endswith(("comp>", "genexpr>")) or module.startswith(BENCH):
        return _HIDDEN
    return f"{module}.{function}" if module.startswith(OURS) else _package(module)


def _package(module: str) -> str:
    return f"{module.partition('.')[0]}{PACKAGE}"
