"""MLflow's own server application and ours answer alike. Deeper: `python -m tests.differential 1000`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.differential.both import Both
from tests.differential.calls import Call
from tests.differential.rooms import ROOMS, sequences
from tests.differential.sides import Ours, Theirs


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    theirs = Theirs()
    yield Both(theirs, Ours())
    theirs.stop()


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate, Phase.shrink],
)
@given(sequence=sequences(*ROOMS))
def test_both_answer_alike(both: Both, sequence: list[Call]) -> None:
    both.agree(sequence)
