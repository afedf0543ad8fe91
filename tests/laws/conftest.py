"""How hard the laws are tried: `everyday`, or `NARROWGATE_LAWS=long` for a night."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("everyday", max_examples=200, deadline=None, derandomize=False)
settings.register_profile("long", max_examples=10_000, deadline=None, derandomize=False)
settings.load_profile(os.environ.get("NARROWGATE_LAWS", "everyday"))
