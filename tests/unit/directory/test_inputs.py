"""`directory.inputs`: JSON files that tools refer to."""

from __future__ import annotations

from authz.directory.diagnostics import Position
from authz.directory.inputs import JsonFiles, read_input

PLACE = Position("directory/ns/tools/docs.yaml")


def test_a_file_is_read_once() -> None:
    """A thousand tools in one file do not read a thousand files of that size."""
    text = b'{"one": {"type": "object", "title": "1"}, "two": {"type": "object", "title": "2"}}'
    files = JsonFiles({"directory/ns/tools/docs.json": text})

    one = read_input({"$file": "docs.json#/one"}, PLACE, files)
    two = read_input({"$file": "docs.json#/two"}, PLACE, files)

    whole = files.value("directory/ns/tools/docs.json")
    assert isinstance(whole, dict)
    assert whole["one"] is one
    assert whole["two"] is two
