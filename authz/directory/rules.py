"""Which rule a mistake breaks: stable names, so that programs can group, filter and count."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Rule(StrEnum):
    """The id of a rule. Ids stay; a new kind of mistake gets a new one."""

    WORLD_FILES = "world-files"
    YAML = "yaml"
    DOCUMENT = "document"
    DECLARATION = "declaration"
    ISSUER_KEYS = "issuer-keys"
    POLICY_TIER = "policy-tier"
    POLICY_SYNTAX = "policy-syntax"
    POLICY_ANNOTATION = "policy-annotation"
    POLICY_NAME = "policy-name"
    POLICY_TYPE = "policy-type"
    TOOL_QUARANTINED = "tool-quarantined"
    TEST_CASE = "test-case"
    TEST_FAILED = "test-failed"
    TEST_COVERAGE = "test-coverage"


HELP: Mapping[Rule, tuple[str, str]] = {
    Rule.WORLD_FILES: (
        "Every file below directory/, policies/ and tests/ is read, or refused",
        (
            "What is not read could not forbid anything. So a file that cannot be read, is hidden, "
            "too large or of another kind is a mistake, and so is a folder that is missing."
        ),
    ),
    Rule.YAML: (
        "A document is YAML that can be read in one way only",
        (
            "Anchors, aliases, tags, merge keys and duplicate keys are not read. Write values out, "
            "and quote what is meant as a text."
        ),
    ),
    Rule.DOCUMENT: (
        "A document has the members of its kind, and no others",
        (
            "An unknown member is refused rather than ignored. docs/directory.md lists the members "
            "of each kind, and the schemas in docs/schemas/ tell them to editors."
        ),
    ),
    Rule.DECLARATION: (
        "What documents say of each other fits together",
        (
            "References lead somewhere, an identity, audience or host belongs to one document, and"
            " nobody is given more than its Cell allows. See docs/directory.md."
        ),
    ),
    Rule.ISSUER_KEYS: (
        "The key files that issuers name can be read",
        "An Issuer with `keys: {file: …}` needs a JSON Web Key Set there, with public keys only.",
    ),
    Rule.POLICY_TIER: (
        "A policy file lies in the folder of a tier",
        (
            "Policies load from policies/global/, policies/ns/<namespace>/ and"
            " policies/agents/<namespace>/<agent>/ alone: the folder says how far they reach."
        ),
    ),
    Rule.POLICY_SYNTAX: (
        "A statement is one Cedar policy",
        "It parses, is no template, and is small enough to be evaluated safely.",
    ),
    Rule.POLICY_ANNOTATION: (
        "Annotations are known, and stand where they mean something",
        "Each policy has an @id that is unique in the world. See docs/policies.md, Annotations.",
    ),
    Rule.POLICY_NAME: (
        "A policy names only what is declared",
        "A rule on a name that nothing has never holds, and a forbid on it never forbids.",
    ),
    Rule.POLICY_TYPE: (
        "The types of a policy fit whatever it speaks of",
        (
            "An attribute exists, is asked for with `has` where it may be missing, and is compared"
            " with a value of its type. See docs/policies.md, What a policy can read."
        ),
    ),
    Rule.TOOL_QUARANTINED: (
        "The arguments of every tool fit the general policies",
        (
            "Nobody can call a tool of which a general policy cannot speak. Rename the argument or"
            " change its type in the tool's input, or let the policy name its actions."
        ),
    ),
    Rule.TEST_CASE: (
        "A case of a policy test says who asks for what, and what is expected",
        "See docs/policy-tests.md for the members of a case.",
    ),
    Rule.TEST_FAILED: (
        "Policies say what their tests expect",
        (
            "Either the policy is wrong or the case is. The message says which condition failed and"
            " what would turn it."
        ),
    ),
    Rule.TEST_COVERAGE: (
        "Tests see every condition both true and false",
        "Add a case in which the condition has the truth that no case has seen.",
    ),
}
"""In one line, and what to do. Both are plain text of ours."""
