"""A whole directory in which one file is anything at all."""

from __future__ import annotations

from collections.abc import Iterator

from authz.directory.compiled import Directory
from authz.directory.diagnostics import InvalidWorld, Severity
from authz.directory.load import load_directory
from authz.policy.load import load_policies
from tests.fuzz.harness.yaml import WORDS as YAML_WORDS
from tests.unit.directory.changes import BROKEN, ROOT, SOUND, changed, sound

FILES = tuple(sorted(name for name in SOUND if name.endswith((".yaml", ".json"))))
WORDS = (
    *YAML_WORDS,
    *(b"spiffe://example.org/ns/", b"$file", b"#/", b'"type":"object"', b'"$ref":"#"'),
    *(b"unix:", b"https://", b"docs:read", b"*", b"corp/", b"60s", b"tools/docs"),
)


def entry(data: bytes) -> None:
    """The first byte says which file the rest stands in; the whole loads, or says what is wrong."""
    if not data:
        return
    files, name = sound(), FILES[data[0] % len(FILES)]
    files[name] = data[1:]
    try:
        directory, warnings = load_directory(files)
    except InvalidWorld as refused:
        assert any(each.severity is Severity.ERROR for each in refused.diagnostics)
        assert all(each.message and each.position.line >= 1 for each in refused.diagnostics)
        return
    assert all(each.severity is Severity.WARNING for each in warnings)
    assert directory.gate.listeners
    for agent in directory.agents.values():
        assert {each.trust_domain for each in agent.spiffe_ids} <= directory.gate.trust_domains
    if name.endswith(".json"):
        _type_arguments(directory)


def _type_arguments(directory: Directory) -> None:
    """Make what policies can read of arguments: a schema may be anything, and names too."""
    try:
        load_policies({}, directory)
    except InvalidWorld as refused:
        assert all(each.message for each in refused.diagnostics)


def seeds() -> Iterator[bytes]:
    """Give every file of the sound directory, and what mistakes make of one."""
    for number, name in enumerate(FILES):
        yield bytes([number]) + SOUND[name].encode()
    for row in BROKEN:
        name = ROOT + row.get("file", "")
        if name in FILES:
            yield bytes([FILES.index(name)]) + changed(row)[name]
