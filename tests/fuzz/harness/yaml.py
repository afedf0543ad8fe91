"""YAML text of the directory: to values, and to typed documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from authz.directory.diagnostics import InvalidWorld
from authz.directory.documents import SPECS
from authz.directory.parse import outline, parse
from authz.directory.reader import Source, read_documents
from tests.unit.directory.changes import BROKEN, SOUND, changed

FILE = "directory/global/x.yaml"
WORLD = Path(__file__).parents[2] / "world" / "directory"
WORDS = (
    *(b"---\n", b"...\n", b"&a ", b"*a", b"!!str ", b"<<: ", b"? ", b"- ", b": ", b"|\n", b">-\n"),
    *(b"%YAML 1.1\n", b"{", b"[", b"\t", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"# "),
    *(kind.encode() for kind in SPECS),
    *(b"apiVersion: narrowgate.dev/v1alpha1\n", b"metadata: {name: a}\n", b"spec: {}\n", b"kind: "),
    *(b"010", b"0x1f", b"1:30", b"yes", b".inf", b"1e3", b"2026-01-01", b"~", b"null"),
)


def entry(data: bytes) -> None:
    """Text is read with the names and words that any reader finds, or refused with a place."""
    try:
        sources = read_documents(FILE, data)
    except InvalidWorld as refused:
        _check_told(refused, data)
        return
    words = [*yaml.load_all(data.decode(), Loader=yaml.CBaseLoader)]
    assert len(words) == len(sources)
    assert all(_says(source.value, told) for source, told in zip(sources, words, strict=True))
    for source in sources:
        _type(source)


def _type(source: Source) -> None:
    try:
        document = parse(source)
    except InvalidWorld as refused:
        assert refused.diagnostics
        assert all(each.position >= source.start for each in refused.diagnostics)
        outline(source)
        return
    assert document.kind in SPECS
    told = outline(source)
    assert told is not None
    assert told.qualified == document.qualified


def _check_told(refused: InvalidWorld, data: bytes) -> None:
    lines = len(data.splitlines()) + data.count(b"\xc2\x85") + data.count(b"\xe2\x80") + 1
    assert refused.diagnostics
    for each in refused.diagnostics:
        assert each.message
        assert 1 <= each.position.line <= lines
        assert each.position.column >= 1


def _says(value: Any, told: Any) -> bool:
    """Say whether *value* has the names and strings of *told*, in which every scalar is text."""
    if isinstance(value, dict):
        return value.keys() == told.keys() and all(_says(value[name], told[name]) for name in told)
    if isinstance(value, list):
        return len(value) == len(told) and all(map(_says, value, told))
    return value == told if isinstance(value, str) else isinstance(told, str)


def seeds() -> Iterator[bytes]:
    """Give every document of the worlds, sound and broken."""
    for name, text in SOUND.items():
        if name.endswith(".yaml"):
            yield from (f"---{each}".encode() for each in text.split("\n---"))
    for path in sorted(WORLD.rglob("*.yaml")):
        yield path.read_bytes()
    for row in BROKEN:
        if "file" in row and row["file"].endswith(".yaml"):
            yield changed(row)[f"directory/{row['file']}"]
