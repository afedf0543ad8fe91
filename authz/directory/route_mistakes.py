"""Routes of one service that a request could mean both of."""

from __future__ import annotations

from collections.abc import Iterator

from authz.directory.diagnostics import Diagnostic, Position
from authz.directory.http_documents import HTTPServiceSpec
from authz.directory.offers import route_name
from authz.directory.parse import Document
from authz.directory.routes import Segments, collide, segments_of


def route_mistakes(document: Document) -> Iterator[Diagnostic]:
    """
    Check that no path means two routes of *document*, public ones included.

    Which of two is the nearer is clear only where one is it in every segment:
    an upstream that takes the first that it declared would run another one
    than was judged.
    """
    known: dict[tuple[str, int], list[tuple[Segments, str, Position]]] = {}
    for method, path, place in _routes(document):
        segments, name = segments_of(path), route_name(method, path)
        alike = known.setdefault((method, len(segments)), [])
        for other, other_name, first in alike:
            if collide(segments, other):
                message = f"a request can mean both {other_name} and {name}"
                yield Diagnostic(place, message, f"the first is {first}")
                break
        alike.append((segments, name, place))


def _routes(document: Document) -> Iterator[tuple[str, str, Position]]:
    if not isinstance(document.spec, HTTPServiceSpec):
        return
    for index, route in enumerate(document.spec.routes):
        yield route.method, route.path, document.at("routes", index, "path")
    for index, public in enumerate(document.spec.public):
        yield public.method, public.path, document.at("public", index, "path")
