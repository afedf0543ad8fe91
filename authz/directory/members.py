"""What documents of several kinds are made of."""

from __future__ import annotations

from typing import Literal

from authz.directory.node import Node
from authz.directory.words import Label

RefusalStyleName = Literal["auto", "http", "oauth"]
TargetRefusalsName = Literal["auto", "http", "oauth", "json"]
"""`json` is for the owner of a target: it names the scopes that an operation requires."""

ActionName = Literal["read", "write"]
SubjectRuleName = Literal["required", "optional", "none"]


class TokenSpec(Node):
    """Which token goes to a target that others call by what it says."""

    mode: Literal["mint"] = "mint"
    """A token of ours for this target."""

    subjects: Label | None = None
    """The `Issuer` whose plain `sub` it understands, or `qualified` for `issuer/sub`."""


class TargetTokenSpec(Node):
    """Which token goes to a target; with `none` it is told in headers who was proven."""

    mode: Literal["mint", "none"] = "mint"
    """
    `mint`: a token of ours for this target. `none`: no token, only headers that say who is proven.
    """

    subjects: Label | None = None
    """
    The `Issuer` whose plain `sub` it understands, or `qualified` for `issuer/sub`; needed with
    several issuers.
    """
