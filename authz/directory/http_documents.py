"""What a document of kind `HTTPService` may contain."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from authz.directory.members import (
    ActionName,
    SubjectRuleName,
    TargetRefusalsName,
    TargetTokenSpec,
)
from authz.directory.node import Node
from authz.directory.words import CallerPattern, Host, PathTemplate, Scope, Uri

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class RouteSpec(Node):
    """One route; what it leaves out takes the worst value."""

    method: Method
    """A `GET` is no `HEAD`."""

    path: PathTemplate
    """A template: `/items/{id}`."""

    action: ActionName = "write"
    """The group of its Cedar action."""

    scopes: list[Scope]
    """What a request requires."""

    subject: SubjectRuleName = "required"
    """Whether there must be a user."""


class PublicRouteSpec(Node):
    """What anybody may read."""

    method: Literal["GET", "HEAD"]
    """Of a request without a body."""

    path: PathTemplate
    """A template."""


class HTTPServiceSpec(Node):
    """A plain HTTP service; its hosts are its own, whatever the path."""

    hosts: Annotated[list[Host], Field(min_length=1)]
    """Its own, whatever the path: nothing else may stand on them."""

    audience: Uri
    """The `aud` of tokens for it."""

    callers: list[CallerPattern] = Field(default_factory=list)
    """Agents, or whole namespaces as `ns/*`."""

    token: TargetTokenSpec = TargetTokenSpec()
    """What goes on in the caller's credential's place."""

    refusals: TargetRefusalsName = "auto"
    """How callers are told no: problems (RFC 9457), or with `json` small bodies."""

    routes: list[RouteSpec] = Field(default_factory=list)
    """What may be requested."""

    public: list[PublicRouteSpec] = Field(default_factory=list)
    """What anybody may read; nobody is asked who they are."""
