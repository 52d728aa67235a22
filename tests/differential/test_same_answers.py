"""MLflow's own server application and ours answer alike. Deeper: `python -m tests.differential 1000`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

from tests.differential.both import Both
from tests.differential.calls import Call
from tests.differential.mutants import MUTANTS, Mutant
from tests.differential.rooms import DRAWN, ROOMS, sequences
from tests.differential.sides import Mistaken, Ours, Theirs

pytestmark = pytest.mark.xdist_group("differential")


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    theirs = Theirs()
    yield Both(theirs, Ours())
    theirs.stop()


HOW = settings(DRAWN, derandomize=True)
SEQUENCES = 20
"""Of each part of the protocol; a mistake has to show in ten times as many."""


class Found(Exception):
    """A mistake."""


@pytest.mark.parametrize("part", ROOMS)
def test_both_answer_alike(both: Both, part: str) -> None:
    @settings(HOW, max_examples=SEQUENCES)
    @given(sequence=sequences(part))
    def alike(sequence: list[Call]) -> None:
        both.agree(sequence)

    alike()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.part}: {mutant.what}")
def test_a_mistake_is_found(mutant: Mutant) -> None:
    """Beside ours as it is, which answers as MLflow does, in a tenth of the time."""
    mistaken = Mistaken(function=mutant.function)
    both = Both(Ours(), mistaken)
    mistaken.code = mutant.code()

    @settings(HOW, max_examples=10 * SEQUENCES)
    @given(sequence=sequences(mutant.part))
    def alike(sequence: list[Call]) -> None:
        if both.different(sequence):
            raise Found

    with pytest.raises(Found):
        alike()
