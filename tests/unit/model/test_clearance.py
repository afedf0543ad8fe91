"""What is long is not kept: a caller cannot fill the memory with long names."""

from __future__ import annotations

from typing import Any

import pytest

from authz.model.clearance import MAX_SHOWN, Shown
from authz.model.operation import HttpCall, Operation, Protocol, ResourceUse, ToolCall
from tests.support.values import replace

LONG = "x" * MAX_SHOWN
SHORT = Shown(
    listener="out",
    target="tools/docs",
    host="docs",
    principal="spiffe://example.org/a",
    certificate="",
    headers=(("authorization", "Bearer a.b.c"),),
    metadata=(),
    route="tools/docs",
    protocol=Protocol.MCP,
    operation=ToolCall("search", {}),
)

OPERATIONS: list[Operation] = [
    ToolCall(LONG, {}),
    ResourceUse(LONG),
    HttpCall("GET", LONG),
]


def test_what_is_short() -> None:
    """An ordinary call may be kept."""
    assert SHORT.is_short


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: type(each).__name__)
def test_a_long_operation(operation: Operation) -> None:
    """A long name, URI or path is not kept."""
    assert not replace(SHORT, operation=operation).is_short


@pytest.mark.parametrize("name", ["target", "host", "principal", "certificate"])
def test_a_long_text(name: str) -> None:
    """Nor is any other long text."""
    longer: dict[str, Any] = {name: LONG}
    assert not replace(SHORT, **longer).is_short


def test_a_long_proof() -> None:
    """Nor a long credential, or long metadata."""
    assert not replace(SHORT, headers=(("authorization", LONG),)).is_short
    assert not replace(SHORT, metadata=(("x", LONG),)).is_short
