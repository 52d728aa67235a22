"""`python -m tests.differential 1000 [runs ...]`: so many sequences of these parts, or of all, drawn anew each time.

It says how many requests were answered alike, or the shortest sequence that it finds in which one was not.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hypothesis import given, settings

from tests.differential.both import Both
from tests.differential.calls import Call
from tests.differential.rooms import DRAWN, ROOMS, sequences
from tests.differential.sides import Ours, Theirs


def main(count: int, names: Sequence[str]) -> None:
    theirs, agreed = Theirs(), [0]
    both = Both(theirs, Ours())

    @settings(DRAWN, max_examples=count)
    @given(sequences(*(names or ROOMS), longest=40))
    def agree(sequence: list[Call]) -> None:
        both.agree(sequence)
        agreed[0] += 1

    try:
        agree()
    finally:
        print(f"{agreed[0]} sequences, {both.calls} requests were answered alike")  # noqa: T201 - what it is run for
        theirs.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
