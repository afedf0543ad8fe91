"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.readers import Reader, running_readers


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, ...]]:
    """Readers of JSON in the other languages of this machine."""
    with running_readers(tmp_path_factory.mktemp("readers")) as running:
        yield running
