"""Mistakes as SARIF 2.1.0 (OASIS, errata 01), which code scanning and editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

from authz import __version__
from authz.commands.formats.plain import shown
from authz.directory.diagnostics import Diagnostic, Severity
from authz.directory.rules import HELP, Rule

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
"""What relative URIs are relative to (3.4.4): the repository's root, wherever it lies."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}
_RULES = tuple(Rule)

Json = dict[str, object]


def as_sarif(found: Iterable[Diagnostic]) -> str:
    """
    Write one SARIF log with one run, in plain ASCII. No result means that nothing is wrong.

    Args:
        found: With files from the repository's root; what lies elsewhere has an
            absolute path.
    """
    driver: Json = {
        "name": "Narrowgate",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [*map(_rule, _RULES)],
    }
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [*map(_result, found)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(rule: Rule) -> Json:
    title, text = HELP[rule]
    return {
        "id": str(rule),
        "name": "".join(map(str.capitalize, rule.split("-"))),
        "shortDescription": {"text": _message(f"{title}.")},
        "fullDescription": {"text": _message(f"{title}. {text}")},
        "help": {"text": _message(text)},
        "defaultConfiguration": {"level": "error"},
    }


def _result(row: Diagnostic) -> Json:
    message = f"{row.message}\n{row.hint}" if row.hint else row.message
    region = {"startLine": row.position.line, "startColumn": row.position.column}
    place = {"artifactLocation": _artifact(row.position.file), "region": region}
    return {
        "ruleId": str(row.rule),
        "ruleIndex": _RULES.index(row.rule),
        "level": _LEVELS[row.severity],
        "message": {"text": _message(message)},
        "locations": [{"physicalLocation": place}],
    }


def _artifact(file: str) -> Json:
    path = quote(file, safe="/", errors="surrogateescape")
    if PurePosixPath(file).is_absolute():
        return {"uri": f"file://{path}"}
    return {"uri": path, "uriBaseId": ROOT}


def _message(text: str) -> str:
    """
    Write *text* so that it says itself.

    A brace stands twice, since a single one begins a placeholder (3.11.5), and
    what would be a link to somewhere else (3.11.6) is none: its two halves are
    parted, for readers differ over which brackets a backslash escapes.
    """
    plain = "\n".join(map(shown, text.split("\n")))
    return plain.replace("{", "{{").replace("}", "}}").replace("](", "] (")
