"""Artifacts over memory."""

from __future__ import annotations

import pytest

from tests.unit.tracking.models.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def experiment(desk: Desk) -> str:
    """An experiment without runs or models."""
    return desk.experiment("kites")
