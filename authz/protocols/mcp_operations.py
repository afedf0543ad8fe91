"""A message of MCP to the operation that it asks for: one function for each rule of the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from authz.model.operation import (
    Era,
    Operation,
    PromptUse,
    ResourceUse,
    Session,
    TaskUse,
    ToolCall,
    Unknown,
)
from authz.model.strict_json import JSON
from authz.protocols.jsonrpc import Envelope, known_params
from authz.protocols.mcp_methods import ANSWER, LISTEN_FLAGS, METHODS, NOTIFICATION, Rule
from authz.protocols.unreadable import ambiguous, no_message

Params = Mapping[str, JSON]

_REF_PROMPT, _REF_RESOURCE = "ref/prompt", "ref/resource"
_REF_MEMBERS: Mapping[str, frozenset[str]] = {
    _REF_PROMPT: frozenset({"type", "name", "title"}),
    _REF_RESOURCE: frozenset({"type", "uri"}),
}


def operation_of(envelope: Envelope, era: Era, *, in_session: bool) -> Operation:
    """
    Say what a message asks for.

    Args:
        envelope: The message.
        era: Of the message, by its `_meta`.
        in_session: It names a session; without one no server can have asked anything.

    Raises:
        Unreadable: `params` has a member that the method does not have in *era*,
            or lacks what makes it one; an id is missing or where none belongs.
    """
    if envelope.method is None:
        return Session(ANSWER) if in_session else Unknown(ANSWER, "it answers in no session")
    row = METHODS.get(envelope.method)
    if row is None:
        return Unknown(envelope.method)
    if row.rule is Rule.FROM_SERVER:
        return Unknown(envelope.method, "servers send it, clients do not")
    members = row.members(era)
    if members is None:
        return Unknown(envelope.method, f"the {era} era of MCP does not have it")
    if envelope.method.startswith(NOTIFICATION) is not (envelope.request_id is None):
        raise no_message("a request lacks its id, or a notification has one")
    known_params(envelope.params, members)
    return _READERS[row.rule](envelope.method, envelope.params)


def _session(method: str, _params: Params) -> Operation:
    return Session(method)


def _tool(method: str, params: Params) -> Operation:
    _check_retry(params)
    if "task" in params:
        _object(params, "task")
    name, arguments = _text(params, "name"), _object(params, "arguments")
    return ToolCall(name, arguments, method, as_task="task" in params)


def _prompt(method: str, params: Params) -> Operation:
    _check_retry(params)
    return PromptUse(_text(params, "name"), _texts(params, "arguments"), method)


def _resource(method: str, params: Params) -> Operation:
    _check_retry(params)
    return ResourceUse(_text(params, "uri"), method)


def _completion(method: str, params: Params) -> Operation:
    """Read what is completed, and what is known by then; the server sees both."""
    ref, argument, context = (_object(params, name) for name in ("ref", "argument", "context"))
    kind = _text(ref, "type")
    if kind not in _REF_MEMBERS:
        return Unknown(method, "it completes neither a prompt nor a resource")
    _check_members(ref, _REF_MEMBERS[kind])
    _check_members(argument, frozenset({"name", "value"}))
    _check_members(context, frozenset({"arguments"}))
    known, name = _texts(context, "arguments"), _text(argument, "name")
    if name.casefold() in map(str.casefold, known):
        # A server may take either value, and policy would see one.
        raise ambiguous("an argument is known and completed at once")
    completed = {**known, name: _text(argument, "value")}
    if kind == _REF_PROMPT:
        return PromptUse(_text(ref, "name"), completed, method)
    return ResourceUse(_text(ref, "uri"), method, completes=True)


def _listen(method: str, params: Params) -> Operation:
    """
    Read what is listened for: changes of lists, and of one resource, or of tasks.

    Several resources would be several decisions, and their answers one; a client
    that wants them listens once for each.
    """
    wanted = params.get("notifications", {})
    if not isinstance(wanted, dict):
        raise no_message("notifications is no object")
    if not wanted.keys() <= LISTEN_FLAGS | {"resourceSubscriptions", "taskIds"}:
        return Unknown(method, "it listens for what no rule knows")
    uris, tasks = _list(wanted, "resourceSubscriptions"), _list(wanted, "taskIds")
    if len(uris) > 1 or (uris and tasks):
        return Unknown(method, "it listens for more than one resource, or for tasks as well")
    if tasks:
        return TaskUse(method)
    return ResourceUse(uris[0], method) if uris else Session(method)


def _task_read(method: str, params: Params) -> Operation:
    if method != "tasks/list":
        _text(params, "taskId")
    return TaskUse(method)


def _task_write(method: str, params: Params) -> Operation:
    _text(params, "taskId")
    _object(params, "inputResponses")
    return TaskUse(method, writes=True)


_READERS: Mapping[Rule, Callable[[str, Params], Operation]] = {
    Rule.TOOL: _tool,
    Rule.PROMPT: _prompt,
    Rule.RESOURCE: _resource,
    Rule.COMPLETION: _completion,
    Rule.LISTEN: _listen,
    Rule.TASK_READ: _task_read,
    Rule.TASK_WRITE: _task_write,
    Rule.SESSION: _session,
}


def _check_retry(params: Params) -> None:
    """
    Check the form of what a retry brings (2026-07-28).

    A retry is a new call and judged as one. What it answers to the server, and the state that
    the server gave, are the server's to check: nothing is decided by them here.
    """
    if "inputResponses" in params:
        _object(params, "inputResponses")
    if "requestState" in params:
        _text(params, "requestState")


def _check_members(value: Params, known: frozenset[str]) -> None:
    if not value.keys() <= known:
        raise ambiguous("params has a member inside that it does not know")


def _text(value: Params, name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise no_message(f"params wants {name} as a text")
    return found


def _object(value: Params, name: str) -> Params:
    """Give an object that may be left out."""
    found = value.get(name, {})
    if not isinstance(found, dict):
        raise no_message(f"{name} is no object")
    return found


def _texts(value: Params, name: str) -> Params:
    found = _object(value, name)
    if not all(isinstance(each, str) for each in found.values()):
        raise no_message(f"{name} has a value that is no text")
    return found


def _list(value: Params, name: str) -> list[str]:
    found = value.get(name, [])
    if not isinstance(found, list):
        raise no_message(f"{name} is no list")
    texts = [each for each in found if isinstance(each, str)]
    if len(texts) < len(found):
        raise no_message(f"{name} has an item that is no text")
    return texts
