"""Resources of one server by the URI that a caller asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from authz.directory.offers import MCPResource

Shape = tuple[str, int]
"""Of a template: its scheme, and how many slashes it has."""


@dataclass(frozen=True, slots=True)
class ByUri:
    """Literal URIs are looked up; templates are tried, those of one shape alone."""

    literals: Mapping[str, MCPResource] = field(default_factory=dict)
    folded: frozenset[str] = frozenset()
    """Literals as a reader has them that folds case."""

    templates: Mapping[Shape, Sequence[MCPResource]] = field(default_factory=dict)
    """Those with the fewest variables first."""

    @classmethod
    def of(cls, resources: Iterable[MCPResource]) -> ByUri:
        """Make *resources*, whose URIs differ, ready to be looked up."""
        rows = list(resources)
        literals = {row.uri.text: row for row in rows if not row.uri.variables}
        templates: dict[Shape, list[MCPResource]] = defaultdict(list)
        for row in sorted(rows, key=lambda each: len(each.uri.variables)):
            if row.uri.variables:
                templates[_shape(row.uri.text)].append(row)
        return cls(literals, frozenset(text.casefold() for text in literals), dict(templates))

    def find(self, uri: str) -> MCPResource | None:
        """
        Give the narrowest resource that *uri* is one of: a literal before any template.

        None where another reader could take it for a narrower one, which may want more.
        """
        literal = self.literals.get(uri)
        if literal is not None:
            return literal
        alike = self.templates.get(_shape(uri), ())
        found = next((each for each in alike if each.uri.matches(uri)), None)
        if found is None or _folded(uri) in self.folded:
            return None
        # A reader who folds case could take the scheme of another template for this one's.
        of_any_scheme = (
            each
            for (_, slashes), rows in self.templates.items()
            if slashes == uri.count("/")
            for each in rows
        )
        if any(
            each.uri.is_narrower(found.uri) and each.uri.resembles(uri) for each in of_any_scheme
        ):
            return None
        return found

    def template(self, text: str) -> MCPResource | None:
        """Give the resource whose whole URI or template is *text*."""
        found = self.literals.get(text)
        alike = self.templates.get(_shape(text), ())
        return found or next((each for each in alike if each.uri.text == text), None)


def _shape(uri: str) -> Shape:
    return uri.partition("://")[0], uri.count("/")


def _folded(uri: str) -> str:
    """
    Give *uri* as a reader has it that decodes escapes and folds case.

    A slash that was escaped stays escaped: no literal has one, so nothing resembles it.
    """
    parts = (unquote(part).casefold() for part in uri.split("/"))
    return "/".join(part if "/" not in part else "%2f" for part in parts)
