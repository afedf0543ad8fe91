"""Resources of one server that one URI could match: which of them is asked for must be plain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from authz.directory.diagnostics import Diagnostic
from authz.directory.documents import MCPServerSpec
from authz.directory.parse import Document
from authz.model.resource_uri import ResourceUri


def uri_mistakes(documents: Iterable[Document]) -> Iterator[Diagnostic]:
    """Check that of two resources that overlap one is literal wherever the other is, and more."""
    for document in documents:
        if not isinstance(document.spec, MCPServerSpec):
            continue
        rows = [
            (name, ResourceUri.parse(each.uri)) for name, each in document.spec.resources.items()
        ]
        for (first, one), (second, other) in combinations(rows, 2):
            is_plain = one.is_narrower(other) or other.is_narrower(one)
            if one.overlaps(other) and not is_plain:
                message = f"one URI could be {first}'s and {second}'s"
                hint = "say which one it is by a literal segment"
                yield Diagnostic(document.at("resources", second, "uri"), message, hint)
