"""What is made for each Check cannot be changed, and its defaults are what they look like."""

from __future__ import annotations

import dataclasses
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest
from msgspec import Struct, defstruct

import authz

ROOMS = ("model", "steps", "claims", "policy", "identity", "protocols", "refusals", "server")


def _structs() -> Iterator[type[Struct]]:
    for room in ROOMS:
        package = import_module(f"{authz.__name__}.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Struct) and value is not Struct:
                    yield value


ALL = sorted(set(_structs()), key=lambda each: f"{each.__module__}.{each.__name__}")


@pytest.mark.parametrize("kind", ALL, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_struct(kind: type[Struct]) -> None:
    """
    It is frozen, and no default is a `dataclasses.field`, which a struct takes for a value.

    A frozen value holds only what was there before it, so it is in no cycle, and no
    collection of garbage has to look through what is kept.
    """
    defaults = kind.__struct_defaults__

    assert kind.__struct_config__.frozen
    assert not kind.__struct_config__.gc
    assert not any(isinstance(each, dataclasses.Field) for each in defaults)


def test_a_field_of_dataclasses_is_seen() -> None:
    """The mistake that is looked for looks like this."""
    wrong = defstruct("Wrong", [("n", int, dataclasses.field())])

    assert isinstance(wrong.__struct_defaults__[0], dataclasses.Field)
    assert len(ALL) > len(ROOMS)
