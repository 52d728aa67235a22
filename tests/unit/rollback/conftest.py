"""A model on its second version."""

from __future__ import annotations

import pytest

from tests.unit.rollback.theatre import Theatre


@pytest.fixture
def theatre() -> Theatre:
    return Theatre()
