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
    path: PathTemplate
    action: ActionName = "write"
    scopes: list[Scope]
    subject: SubjectRuleName = "required"


class PublicRouteSpec(Node):
    """What anybody may read."""

    method: Literal["GET", "HEAD"]
    path: PathTemplate


class HTTPServiceSpec(Node):
    """A plain HTTP service; its hosts are its own, whatever the path."""

    hosts: Annotated[list[Host], Field(min_length=1)]
    audience: Uri
    callers: list[CallerPattern] = Field(default_factory=list)
    token: TargetTokenSpec = TargetTokenSpec()
    refusals: TargetRefusalsName = "auto"
    routes: list[RouteSpec] = Field(default_factory=list)
    public: list[PublicRouteSpec] = Field(default_factory=list)
