"""`protocols.mcp`: prompts, resources, completions, tasks, answers, in the era that has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authz.model.operation import (
    Era,
    Message,
    Operation,
    PromptUse,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.outcome import Malformed
from authz.model.reasons import Reason
from authz.protocols.mcp import VERSION_KEY, read_message
from authz.protocols.mcp_methods import ANSWER, METHODS, NOTIFICATION, Rule
from authz.protocols.unreadable import Unreadable

MODERN = {VERSION_KEY: "2026-07-28"}
JSON_TYPE = {"content-type": "application/json"}
SESSION = {"mcp-session-id": "s-1"}


def post(message: Any, headers: dict[str, str] | None = None) -> Message:
    """Read a POST of *message*."""
    body = json.dumps(message).encode()
    return read_message("POST", {**JSON_TYPE, **(headers or {})}, body, len(body))


def message_of(method: str, params: Any, era: Era = Era.LEGACY) -> dict[str, Any]:
    """Give a message of *method* in *era*, with an id unless it is a notification."""
    said = {**params, "_meta": MODERN} if era is Era.MODERN else params
    row = {"jsonrpc": "2.0", "method": method, "params": said}
    return row if method.startswith(NOTIFICATION) else {**row, "id": 1}


def refusal(message: Any, headers: dict[str, str] | None = None) -> tuple[Reason, object]:
    """Give how reading it is refused."""
    with pytest.raises(Unreadable) as unreadable:
        post(message, headers)
    return unreadable.value.refused.reason, unreadable.value.refused.malformed


REF_PROMPT = {"type": "ref/prompt", "name": "p"}
REF_RESOURCE = {"type": "ref/resource", "uri": "docs://pages/{page}"}
ARGUMENT = {"name": "topic", "value": "ti"}
KNOWN = {"arguments": {"year": "2026"}}
COMPLETE, LISTEN = "completion/complete", "subscriptions/listen"
RETRIED = {"inputResponses": {"k": {"action": "accept"}}, "requestState": "s"}

USES: tuple[tuple[str, dict[str, Any], str, Operation], ...] = (
    ("tools/call", {"name": "t", **RETRIED}, "modern", ToolCall("t", {})),
    ("prompts/get", {"name": "p"}, "both", PromptUse("p", {})),
    ("prompts/get", {"name": "p", "arguments": {"a": "b"}}, "both", PromptUse("p", {"a": "b"})),
    ("prompts/get", {"name": "p", **RETRIED}, "modern", PromptUse("p", {})),
    ("resources/read", {"uri": "docs://h"}, "both", ResourceUse("docs://h")),
    ("resources/read", {"uri": "docs://h", **RETRIED}, "modern", ResourceUse("docs://h")),
    *(
        (method, {"uri": "docs://h"}, "legacy", ResourceUse("docs://h", method))
        for method in ("resources/subscribe", "resources/unsubscribe")
    ),
    ("skills/get", {"uri": "docs://h"}, "both", ResourceUse("docs://h", "skills/get")),
    (
        "resources/directory/read",
        {"uri": "docs://h", "cursor": "c"},
        "both",
        ResourceUse("docs://h", "resources/directory/read"),
    ),
    (
        COMPLETE,
        {"ref": REF_PROMPT, "argument": ARGUMENT},
        "both",
        PromptUse("p", {"topic": "ti"}, COMPLETE),
    ),
    (
        COMPLETE,
        {"ref": {**REF_PROMPT, "title": "P"}, "argument": ARGUMENT, "context": KNOWN},
        "both",
        PromptUse("p", {"year": "2026", "topic": "ti"}, COMPLETE),
    ),
    (
        COMPLETE,
        {"ref": REF_RESOURCE, "argument": ARGUMENT, "context": {}},
        "both",
        ResourceUse("docs://pages/{page}", COMPLETE, completes=True),
    ),
    (
        COMPLETE,
        {"ref": {"type": "ref/else"}, "argument": ARGUMENT},
        "both",
        Unknown(COMPLETE, "it completes neither a prompt nor a resource"),
    ),
    *(
        (method, {"taskId": "t-1"}, eras, TaskUse(method, writes=writes))
        for method, eras, writes in (
            ("tasks/get", "both", False),
            ("tasks/result", "legacy", False),
            ("tasks/cancel", "both", True),
            ("tasks/update", "modern", True),
            ("notifications/tasks/status", "legacy", True),
        )
    ),
    ("tasks/list", {"cursor": "c"}, "legacy", TaskUse("tasks/list")),
    (
        "tasks/update",
        {"taskId": "t-1", "inputResponses": {"k": {}}},
        "modern",
        TaskUse("tasks/update", writes=True),
    ),
)


@pytest.mark.parametrize(("method", "params", "eras", "operation"), USES, ids=str)
def test_use(method: str, params: dict[str, Any], eras: str, operation: Operation) -> None:
    """Each is read as what it is in the eras that have it, and as nothing in another."""
    for era in Era:
        message = message_of(method, params, era)
        if eras in (era, "both"):
            assert (post(message).operation, post(message).era) == (operation, era)
        elif METHODS[method].members(era) is None:
            assert post(message).operation == Unknown(
                method, f"the {era} era of MCP does not have it"
            )
        else:
            assert refusal(message)[0] is Reason.AMBIGUOUS_REQUEST


BROKEN: tuple[tuple[str, dict[str, Any], Reason], ...] = (
    ("prompts/get", {}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": 1}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": "p", "arguments": []}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": "p", "arguments": {"a": 1}}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": "p", "arguments": {"a": None}}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": "p", "arguments": {"a": {"b": "c"}}}, Reason.UNREADABLE_REQUEST),
    ("prompts/get", {"name": "p", "uri": "docs://h"}, Reason.AMBIGUOUS_REQUEST),
    ("prompts/get", {"name": "p", "task": {}}, Reason.AMBIGUOUS_REQUEST),
    ("resources/read", {}, Reason.UNREADABLE_REQUEST),
    ("resources/read", {"uri": ["docs://h"]}, Reason.UNREADABLE_REQUEST),
    ("resources/read", {"uri": "docs://h", "URI": "docs://i"}, Reason.AMBIGUOUS_REQUEST),
    ("resources/read", {"uri": "docs://h", "name": "h"}, Reason.AMBIGUOUS_REQUEST),
    (COMPLETE, {"argument": ARGUMENT}, Reason.UNREADABLE_REQUEST),
    (COMPLETE, {"ref": REF_PROMPT}, Reason.UNREADABLE_REQUEST),
    (COMPLETE, {"ref": "ref/prompt", "argument": ARGUMENT}, Reason.UNREADABLE_REQUEST),
    (COMPLETE, {"ref": {"type": "ref/prompt"}, "argument": ARGUMENT}, Reason.UNREADABLE_REQUEST),
    (COMPLETE, {"ref": REF_PROMPT, "argument": {"name": "a"}}, Reason.UNREADABLE_REQUEST),
    (
        COMPLETE,
        {"ref": {**REF_PROMPT, "uri": "docs://h"}, "argument": ARGUMENT},
        Reason.AMBIGUOUS_REQUEST,
    ),
    (
        COMPLETE,
        {"ref": {**REF_RESOURCE, "name": "p"}, "argument": ARGUMENT},
        Reason.AMBIGUOUS_REQUEST,
    ),
    (
        COMPLETE,
        {"ref": REF_PROMPT, "argument": {**ARGUMENT, "more": "x"}},
        Reason.AMBIGUOUS_REQUEST,
    ),
    (
        COMPLETE,
        {"ref": REF_PROMPT, "argument": ARGUMENT, "context": {"more": {}}},
        Reason.AMBIGUOUS_REQUEST,
    ),
    (
        COMPLETE,
        {"ref": REF_PROMPT, "argument": ARGUMENT, "context": {"arguments": {"a": 1}}},
        Reason.UNREADABLE_REQUEST,
    ),
    *(
        (
            COMPLETE,
            {"ref": ref, "argument": ARGUMENT, "context": {"arguments": {name: "t"}}},
            Reason.AMBIGUOUS_REQUEST,
        )
        for ref in (REF_PROMPT, REF_RESOURCE)
        for name in ("topic", "Topic")
    ),
    ("tasks/get", {}, Reason.UNREADABLE_REQUEST),
    ("tasks/get", {"taskId": 1}, Reason.UNREADABLE_REQUEST),
    ("tasks/cancel", {}, Reason.UNREADABLE_REQUEST),
    ("tasks/cancel", {"taskId": "t", "reason": "r"}, Reason.AMBIGUOUS_REQUEST),
    (LISTEN, {"notifications": []}, Reason.UNREADABLE_REQUEST),
    (LISTEN, {"notifications": {"resourceSubscriptions": "docs://h"}}, Reason.UNREADABLE_REQUEST),
    (LISTEN, {"notifications": {"resourceSubscriptions": [1]}}, Reason.UNREADABLE_REQUEST),
    (LISTEN, {"notifications": {"taskIds": [None]}}, Reason.UNREADABLE_REQUEST),
)


@pytest.mark.parametrize(("method", "params", "reason"), BROKEN, ids=str)
def test_broken(method: str, params: dict[str, Any], reason: Reason) -> None:
    """What lacks its own members, has them of other types, or has others beside is refused."""
    for era in Era:
        if METHODS[method].members(era) is not None:
            expected = (reason, Malformed.NOT_ONE_MEANING)
            assert refusal(message_of(method, params, era)) == expected


RETRIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("tools/call", {"name": "t"}),
    ("prompts/get", {"name": "p"}),
    ("resources/read", {"uri": "docs://h"}),
    ("tasks/update", {"taskId": "t-1"}),
)


@pytest.mark.parametrize(("method", "params"), RETRIES)
@pytest.mark.parametrize("wrong", [{"inputResponses": []}, {"requestState": {}}], ids=str)
def test_broken_retry(method: str, params: dict[str, Any], wrong: dict[str, Any]) -> None:
    """What a retry brings has its form, or, where the method has none of it, no place."""
    message = message_of(method, {**params, **wrong}, Era.MODERN)
    has_it = wrong.keys() <= (METHODS[method].modern or frozenset())

    assert refusal(message)[0] is (
        Reason.UNREADABLE_REQUEST if has_it else Reason.AMBIGUOUS_REQUEST
    )


SEVERAL = Unknown(LISTEN, "it listens for more than one resource, or for tasks as well")
LISTENS: tuple[tuple[Any, Operation], ...] = (
    ({}, Session(LISTEN)),
    ({"promptsListChanged": True}, Session(LISTEN)),
    ({"resourcesListChanged": False, "toolsListChanged": True}, Session(LISTEN)),
    ({"resourceSubscriptions": [], "taskIds": []}, Session(LISTEN)),
    ({"resourceSubscriptions": ["docs://h"]}, ResourceUse("docs://h", LISTEN)),
    (
        {"toolsListChanged": True, "resourceSubscriptions": ["docs://h"]},
        ResourceUse("docs://h", LISTEN),
    ),
    ({"resourceSubscriptions": ["docs://h", "docs://i"]}, SEVERAL),
    ({"resourceSubscriptions": ["docs://h", "docs://h"]}, SEVERAL),
    ({"resourceSubscriptions": ["docs://h"], "taskIds": ["t"]}, SEVERAL),
    ({"taskIds": ["t", "u"]}, TaskUse(LISTEN)),
    ({"resources": ["docs://h"]}, Unknown(LISTEN, "it listens for what no rule knows")),
    ({"ResourceSubscriptions": []}, Unknown(LISTEN, "it listens for what no rule knows")),
)


@pytest.mark.parametrize(("notifications", "operation"), LISTENS, ids=str)
def test_listen(notifications: Any, operation: Operation) -> None:
    """Listening for list changes is a session; for a resource, or tasks, it is a use of them."""
    for era in Era:
        params = {"notifications": notifications}
        assert post(message_of(LISTEN, params, era)).operation == operation


@pytest.mark.parametrize(
    "method", [name for name, row in METHODS.items() if row.rule is Rule.FROM_SERVER]
)
@pytest.mark.parametrize("request_id", [{}, {"id": 1}])
def test_what_servers_send(method: str, request_id: dict[str, int]) -> None:
    """No client sends it, so no rule lets it pass, whatever stands in it."""
    message = {"jsonrpc": "2.0", "method": method, "params": {"any": 1}, **request_id}

    assert post(message).operation == Unknown(method, "servers send it, clients do not")


ANSWERS: tuple[dict[str, Any], ...] = (
    {"result": {}},
    {"result": {"action": "accept"}},
    {"error": {"code": 1, "message": ""}},
)


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_answers(answer: dict[str, Any]) -> None:
    """An answer is of a session where it names one; its id is not echoed, no header repeats it."""
    message = {"jsonrpc": "2.0", "id": 9, **answer}
    outside = Unknown(ANSWER, "it answers in no session")

    assert (post(message, SESSION).operation, post(message).operation) == (Session(ANSWER), outside)
    assert post(message, {"mcp-session-id": ""}).operation == outside
    assert post(message, SESSION).request_id is None
    for mirror in ({"mcp-method": "tools/call"}, {"mcp-name": "t"}):
        mismatch = (Reason.AMBIGUOUS_REQUEST, Malformed.HEADER_MISMATCH)
        assert refusal(message, {**SESSION, **mirror}) == mismatch


def test_answer_without_an_id() -> None:
    """Without an id it answers nothing."""
    assert refusal({"jsonrpc": "2.0", "result": {}}, SESSION)[0] is Reason.UNREADABLE_REQUEST


NAMED = (
    ("tools/call", {"name": "t"}, "t"),
    ("prompts/get", {"name": "p"}, "p"),
    ("resources/read", {"uri": "docs://h"}, "docs://h"),
    ("tasks/get", {"taskId": "t-1"}, "t-1"),
    ("tasks/cancel", {"taskId": "t-1"}, "t-1"),
    ("tasks/update", {"taskId": "t-1"}, "t-1"),
)
MISMATCH = (Reason.AMBIGUOUS_REQUEST, Malformed.HEADER_MISMATCH)


@pytest.mark.parametrize(("method", "params", "name"), NAMED)
def test_names_are_mirrored(method: str, params: dict[str, Any], name: str) -> None:
    """`mcp-name` repeats the name, the URI or the task; another one is a mismatch."""
    message = message_of(method, params, Era.MODERN)

    assert not isinstance(post(message, {"mcp-name": name}).operation, Unknown)
    for other in ("", f"{name} ", name.upper(), "=?base64?!?="):
        assert refusal(message, {"mcp-name": other}) == MISMATCH


@pytest.mark.parametrize(
    ("method", "params"),
    [
        (COMPLETE, {"ref": REF_PROMPT, "argument": ARGUMENT}),
        ("resources/subscribe", {"uri": "docs://h"}),
        ("tasks/list", {}),
        (LISTEN, {"notifications": {"resourceSubscriptions": ["docs://h"]}}),
    ],
)
def test_names_that_nothing_mirrors(method: str, params: dict[str, Any]) -> None:
    """A method whose name no client mirrors has no `mcp-name`."""
    assert refusal(message_of(method, params), {"mcp-name": "docs://h"}) == MISMATCH


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
MEMBERS = sorted(
    {name for row in METHODS.values() for era in Era for name in row.members(era) or ()}
    | {"type", "value", "uri", "arguments", "resourceSubscriptions", "taskIds", VERSION_KEY}
)
PARAMS = st.dictionaries(
    st.sampled_from(MEMBERS),
    JSON_VALUES | st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=3),
    max_size=4,
)


@given(st.sampled_from([*METHODS]), PARAMS, st.booleans(), st.sampled_from([{}, SESSION]))
def test_any_params(method: str, params: Any, has_id: bool, headers: dict[str, str]) -> None:  # noqa: FBT001
    """Whatever stands in `params`, a message is read as one thing or refused."""
    message = {
        "jsonrpc": "2.0",
        "method": method,
        "params": params,
        **({"id": 1} if has_id else {}),
    }
    try:
        read = post(message, headers)
    except Unreadable:
        return
    members = METHODS[method].members(read.era)
    if not isinstance(read.operation, Unknown):
        assert members is not None
        assert params.keys() <= members
        assert has_id is not method.startswith(NOTIFICATION)


@given(
    st.sampled_from([*METHODS]),
    st.booleans(),
    st.dictionaries(
        st.sampled_from(["mcp-session-id", "mcp-protocol-version", "last-event-id", "accept"]),
        st.sampled_from(["2025-06-18", "2026-07-28", "x"]),
    ),
)
def test_era_is_the_bodys(method: str, is_modern: bool, headers: dict[str, str]) -> None:  # noqa: FBT001
    """No header changes the era: it is the body's, or the message is refused."""
    era = Era.MODERN if is_modern else Era.LEGACY
    params = {"name": "t", "uri": "docs://h", "taskId": "t"}
    known = METHODS[method].members(era) or frozenset()
    said = {name: value for name, value in params.items() if name in known}
    try:
        read = post(message_of(method, said, era), headers)
    except Unreadable:
        return
    assert read.era is era
    plain = post(message_of(method, said, era))
    assert (plain.operation, plain.era) == (read.operation, read.era)
