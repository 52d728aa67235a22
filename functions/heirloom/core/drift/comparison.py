"""The cells of one column, training's beside those of some counts: what divergence.py compares and what people are
shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from heirloom.core.drift.divergence import Divergence, Pair, divergence
from heirloom.core.drift.histogram import ABOVE, BELOW, MISSING, OTHER, UNSEEN, Cells, Column, Counts, Profile

_WORDS = {OTHER: "all others", UNSEEN: "never seen in training", MISSING: "missing"}
_BESIDE = tuple(_WORDS)


@dataclass(frozen=True)
class Compared:
    """A column, training's cells and the counts'. ``prediction``: it is the model's answers, no feature."""

    name: str
    column: Column
    training: Cells
    now: Cells
    prediction: bool = False

    def cells(self) -> Iterator[tuple[str, int, int]]:
        """Every cell that has a row in either: its place or mark, and the rows."""
        places = map(str, range(len(self.column.cells)))
        for cell in (*places, *_BESIDE):
            rows = self.training.get(cell, 0), self.now.get(cell, 0)
            if any(rows):
                yield cell, *rows

    def label(self, cell: str) -> str:
        """What a cell holds, for people."""
        if cell in _BESIDE:
            return _WORDS[cell]
        place, edges = int(cell), self.column.edges
        if self.column.kind == "category":
            return self.column.categories[place]
        unit = " characters" if self.column.kind == "text" else ""
        if not edges:
            return f"any{unit or ' number'}"
        if place == 0:
            return f"up to {edges[0]:,.6g}{unit}"
        if place == len(edges):
            return f"above {edges[-1]:,.6g}{unit}"
        return f"above {edges[place - 1]:,.6g} to {edges[place]:,.6g}{unit}"

    def share(self, mark: str) -> tuple[float, float]:
        """What share of the rows has the mark: missing, unseen, below or above; in training and now."""
        return _share(self.training, mark), _share(self.now, mark)

    def divergence(self) -> Divergence:
        """How far apart they are. Bins end at quantiles of the training rows; the prediction's are not of its own."""
        return divergence(self.pairs(), by_first=self.column.kind != "category" and not self.prediction)

    def pairs(self) -> list[Pair]:
        """The rows of each cell, in training and now."""
        return [(training, now) for _, training, now in self.cells()]


def compared(profile: Profile, counts: Counts) -> list[Compared]:
    """Each feature and, where the profile knows what the model answered, the prediction."""
    features, answer = counts.get("features", {}), counts.get("answer", {})
    found = [
        Compared(name, column, _training(column), features.get(name, {})) for name, column in profile.features.items()
    ]
    if profile.answers is None:
        return found
    name = f"prediction of {profile.answer_name}"
    return [Compared(name, profile.answer, profile.answers, answer, prediction=True), *found]


def _training(column: Column) -> Cells:
    cells = {str(place): rows for place, rows in enumerate(column.cells)}
    return {**cells, OTHER: column.other, UNSEEN: column.unseen, MISSING: column.missing}


def _share(cells: Mapping[str, int], mark: str) -> float:
    rows = sum(count for cell, count in cells.items() if cell not in (BELOW, ABOVE))
    return cells.get(mark, 0) / rows if rows else 0.0
