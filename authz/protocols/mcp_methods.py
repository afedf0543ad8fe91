"""Every method of MCP 2025-06-18, 2025-11-25 and 2026-07-28, and what it is judged as.

The table is the whole list: a method that it does not name is `Unknown`, and
refused at step 6. A test holds it against the method names of the official SDKs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from authz.model.operation import Era

Members = frozenset[str]
"""Names that `params` may have; anything else makes a message ambiguous."""


class Rule(StrEnum):
    """What a message of a method is judged as."""

    TOOL = "tool"
    PROMPT = "prompt"
    RESOURCE = "resource"
    COMPLETION = "completion"
    """As the prompt or resource that it is about."""

    LISTEN = "listen"
    """As a session, or as the one resource, or the tasks, that it names."""

    TASK_READ = "task_read"
    TASK_WRITE = "task_write"
    SESSION = "session"
    """
    It touches no data, so a method that the era does not have passes too: a real server answers
    that it knows none such, in words that its client expects.
    """

    FROM_SERVER = "from_server"
    """Servers send it, clients never do."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table: the members of `params` by era, None where the era lacks the method."""

    rule: Rule
    legacy: Members | None
    modern: Members | None
    mirrored: str | None = None
    """Which member `mcp-name` repeats (SEP-2243)."""

    def members(self, era: Era) -> Members | None:
        """Give what `params` may have in *era*."""
        return self.legacy if era is Era.LEGACY else self.modern


def _members(*names: str) -> Members:
    """Give *names*, and `_meta`, which every message may have."""
    return frozenset({"_meta", *names})


def _both(rule: Rule, *names: str, mirrored: str | None = None) -> Method:
    """Give a method that both eras have, with the same members."""
    return Method(rule, _members(*names), _members(*names), mirrored)


def _session(*names: str) -> Method:
    return _both(Rule.SESSION, *names)


def _retried(rule: Rule, names: Members, mirrored: str, legacy: Members = frozenset()) -> Method:
    """Give a method that a modern client calls again once the server has what it asked for."""
    again = _members("inputResponses", "requestState")
    return Method(rule, names | legacy, names | again, mirrored)


_BARE = _session()
_LIST = _session("cursor")
_FROM_SERVER = Method(Rule.FROM_SERVER, None, None)

COMPLETE = "completion/complete"

METHODS: Mapping[str, Method] = {
    # Clients ask.
    "initialize": _session("protocolVersion", "capabilities", "clientInfo"),
    "server/discover": _BARE,
    "ping": _BARE,
    "logging/setLevel": _session("level"),
    "tools/list": _LIST,
    "prompts/list": _LIST,
    "resources/list": _LIST,
    "resources/templates/list": _LIST,
    "tools/call": _retried(Rule.TOOL, _members("name", "arguments"), "name", _members("task")),
    "prompts/get": _retried(Rule.PROMPT, _members("name", "arguments"), "name"),
    "resources/read": _retried(Rule.RESOURCE, _members("uri"), "uri"),
    "resources/subscribe": Method(Rule.RESOURCE, _members("uri"), None),
    "resources/unsubscribe": Method(Rule.RESOURCE, _members("uri"), None),
    COMPLETE: _both(Rule.COMPLETION, "ref", "argument", "context"),
    "subscriptions/listen": _both(Rule.LISTEN, "notifications"),
    "skills/list": _LIST,
    "skills/get": _both(Rule.RESOURCE, "uri"),
    "resources/directory/read": _both(Rule.RESOURCE, "uri", "cursor"),
    "tasks/get": _both(Rule.TASK_READ, "taskId", mirrored="taskId"),
    "tasks/result": Method(Rule.TASK_READ, _members("taskId"), None),
    "tasks/list": Method(Rule.TASK_READ, _members("cursor"), None),
    "tasks/cancel": _both(Rule.TASK_WRITE, "taskId", mirrored="taskId"),
    "tasks/update": Method(Rule.TASK_WRITE, None, _members("taskId", "inputResponses"), "taskId"),
    # Clients tell.
    "notifications/initialized": _BARE,
    "notifications/cancelled": _session("requestId", "reason"),
    "notifications/progress": _session("progressToken", "progress", "total", "message"),
    "notifications/roots/list_changed": _BARE,
    "notifications/tasks/status": Method(
        Rule.TASK_WRITE,
        _members(
            "taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt", "ttl", "pollInterval"
        ),
        None,
    ),
    # Servers ask and tell.
    "roots/list": _FROM_SERVER,
    "sampling/createMessage": _FROM_SERVER,
    "elicitation/create": _FROM_SERVER,
    "notifications/message": _FROM_SERVER,
    "notifications/elicitation/complete": _FROM_SERVER,
    "notifications/tools/list_changed": _FROM_SERVER,
    "notifications/prompts/list_changed": _FROM_SERVER,
    "notifications/resources/list_changed": _FROM_SERVER,
    "notifications/resources/updated": _FROM_SERVER,
    "notifications/subscriptions/acknowledged": _FROM_SERVER,
}
"""By name, byte by byte; those of the extensions that the SDKs know, tasks and skills, among them.
`ping`, `notifications/cancelled`, `notifications/progress` and, of tasks that a client runs,
`notifications/tasks/status` go both ways."""

NOTIFICATION = "notifications/"
"""What the names of messages begin with that have no id, and get no answer."""

LISTEN_FLAGS = frozenset({"toolsListChanged", "promptsListChanged", "resourcesListChanged"})
"""What `subscriptions/listen` may ask for as a session."""

SESSION_VERBS = frozenset({"GET", "DELETE"})
"""Of HTTP. They have no `_meta`, so they are of the legacy era; a modern server answers 405."""

ANSWER = "answer"
"""Stands for the method of an answer to a request of the server's, which has none."""
