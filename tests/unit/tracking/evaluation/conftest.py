"""Evaluation datasets over memory."""

from __future__ import annotations

import pytest

from tests.unit.tracking.evaluation.shelf import Shelf


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def dataset(shelf: Shelf) -> str:
    """The id of one without records."""
    return str(shelf.create()["dataset_id"])
