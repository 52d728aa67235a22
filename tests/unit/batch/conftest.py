"""What the tests of batches start from."""

from __future__ import annotations

import pytest

from tests.unit.batch.world import BatchWorld


@pytest.fixture
def batch() -> BatchWorld:
    """The model `paint`, version 3 its champion, and nothing uploaded yet."""
    return BatchWorld()
