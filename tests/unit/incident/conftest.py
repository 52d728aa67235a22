"""The world of incidents."""

from __future__ import annotations

import pytest

from tests.unit.incident.world import World


@pytest.fixture
def scene() -> World:
    """Nothing is on record, nobody was told of anything."""
    return World()
