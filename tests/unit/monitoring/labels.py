"""Labels to take: ids in the order of time, right or not as drawn or as written."""

from __future__ import annotations

import random
from collections.abc import Iterable

from heirloom.core.monitoring.accuracy import Accuracy
from heirloom.core.monitoring.observation import Outcome

START = 0x0190_0000_0000_7000_8000_0000_0000_0000


def prediction(number: int) -> str:
    """The id of the prediction of this number: a UUID version 7, a millisecond after the one before."""
    text = f"{START + (number << 80):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def drawn(count: int, accuracy: float, start: int = 0, seed: int = 1) -> list[Outcome]:
    """So many labels of predictions from this number on, of answers that are right with this probability."""
    rng = random.Random(seed)
    return [Outcome(prediction(start + number), rng.random() < accuracy) for number in range(count)]


def exactly(count: int, right: int, start: int = 0) -> list[Outcome]:
    """So many labels of which so many say right, spread evenly."""
    return [
        Outcome(prediction(start + number), (number + 1) * right // count > number * right // count)
        for number in range(count)
    ]


def take(accuracy: Accuracy, labels: Iterable[Outcome]) -> Accuracy:
    """All of them, one after the other."""
    for label in labels:
        accuracy.take(label)
    return accuracy
