"""What a model answers to rows, and how that is written: JSON, CSV or npy."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from heirloom.core.dataset.cells import Label

JSON, CSV, NPY = "application/json", "text/csv", "application/x-npy"


Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """One value a row. ``probabilities`` has a column for each of ``classes``; None where nothing gives them.

    ``known`` are the probabilities of the values, where the model has them at hand.
    """

    values: Sequence[Any]
    probabilities: Probabilities | None = None
    classes: Sequence[Label] = ()
    known: Sequence[float] | None = None

    def chances(self) -> Sequence[float | None]:
        """The probability of each value."""
        if self.known is not None:
            return self.known
        if self.probabilities is None:
            return [None] * len(self.values)
        places = {label: place for place, label in enumerate(self.classes)}
        columns = [places[value] for value in self.values]
        found: list[float | None] = self.probabilities[np.arange(len(columns)), columns].tolist()
        return found

    def spread(self) -> Probabilities | None:
        """The probabilities of all classes; of two, they follow from those of the values."""
        if self.probabilities is not None or self.known is None:
            return self.probabilities
        second = [chance if value == self.classes[1] else 1.0 - chance for value, chance in self._pairs()]
        return np.array([[1.0 - chance, chance] for chance in second])

    def part(self, start: int, stop: int) -> Answers:
        """The answers to some of the rows."""
        probabilities = None if self.probabilities is None else self.probabilities[start:stop]
        known = None if self.known is None else self.known[start:stop]
        return Answers(self.values[start:stop], probabilities, self.classes, known)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        return zip(self.values, self.chances(), strict=True)

    def predictions(self, task: str) -> list[dict[str, Any]]:
        """In the words of the API."""
        if task == "regression":
            return [{"value": value} for value in self.values]
        return [{"label": label, "probability": chance} for label, chance in self._pairs()]


def written(answers: Answers, task: str, media_type: str) -> bytes:
    """As the body of a response. Raises ValueError for npy where a model gives no numbers."""
    if media_type == CSV:
        return _csv(answers.predictions(task))
    if media_type == NPY:
        return _npy(answers, task)
    return orjson.dumps({"predictions": answers.predictions(task)})


def _csv(predictions: Sequence[dict[str, Any]]) -> bytes:
    lines = [",".join(predictions[0]), *(",".join(map(_cell, each.values())) for each in predictions)]
    return ("\n".join(lines) + "\n").encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in ',"\r\n') else value


def _npy(answers: Answers, task: str) -> bytes:
    """The values of a regression, shape (rows,); the probabilities of a classification, shape (rows, classes)."""
    numbers = np.asarray(answers.values, dtype=np.float64) if task == "regression" else answers.spread()
    if numbers is None:
        raise ValueError("this model gives no probabilities: ask for application/json or text/csv")
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(numbers), allow_pickle=False)
    return buffer.getvalue()
