"""A registry, empty or with a model in it."""

from __future__ import annotations

import pytest

from tests.unit.tracking.registry.registry import Registry


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def kite(registry: Registry) -> Registry:
    """With the model kite, which has no versions."""
    registry.create()
    return registry
