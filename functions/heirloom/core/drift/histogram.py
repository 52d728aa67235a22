"""What a version was asked and answered, as counts over the bins and categories of its training profile.

Counts are plain JSON, small however many rows they are of, and they merge: record_predictions counts each batch of its
log, the monitor adds the batches of an hour, and drift is judged on sums. Of each column they have its cells by
position (``"0"`` is the first bin or category) and, beside them, ``missing``, ``other`` (a category beyond those that
the profile names) and ``unseen`` (a category that training never saw; among numbers, what is none). Of the rows in the
first and last bin, ``below`` and ``above`` are outside of all that training saw. What is zero is left out.

Plain Python: the core may not import numpy, and little would be gained by it (docs/drift.md has both measured).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from operator import itemgetter
from typing import Any

from heirloom.core.errors import Invalid

Counts = Mapping[str, Any]
"""``rows``, ``features`` (cells by column) and ``answer`` (cells of the labels or values that were answered)."""
Cells = Mapping[str, int]
"""The counts of one column."""

ZERO: Counts = {"rows": 0, "features": {}, "answer": {}}
"""The counts of no rows."""

MISSING, OTHER, UNSEEN, BELOW, ABOVE = "missing", "other", "unseen", "below", "above"
_BLOCK = 5000  # rows that are held at once


@dataclass(frozen=True)
class Column:
    """A column as training saw it: how many rows of it had which bin or category, a text being binned by its length.

    Bin n holds what is above ``edges[n - 1]`` and at most ``edges[n]``; the first and the last are open. ``categories``
    are the names of a category's cells; ``rare`` are those that training had beside them, None if they are too many to
    be known. ``least`` and ``most`` are None where training had no numbers. ``importance`` is how far the model's
    answers move when the column is shuffled, as a share of what all columns move them. ``usual`` is how far a day of
    the training was from the other days, at most, as a population stability index without its noise. Both are None
    where the profile does not say.
    """

    kind: str
    cells: tuple[int, ...]
    missing: int = 0
    other: int = 0
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    importance: float | None = None
    usual: float | None = None
    unseen: int = 0
    rare: frozenset[str] | None = frozenset()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Column:
        """A column of profile.json. Raises KeyError, TypeError or ValueError."""
        kind, missing = str(document["type"]), int(document["missing"])
        importance, usual = _number(document.get("importance")), _number(document.get("usual"))
        if kind == "category":
            named = {str(name): int(count) for name, count in document["counts"].items()}
            rare = document.get("rare", [] if int(document["distinct"]) <= len(named) else None)
            found = cls(kind, tuple(named.values()), missing, int(document["other"]), categories=tuple(named))
            known = None if rare is None else frozenset(map(str, rare))
            unseen = int(document.get("unseen", 0))
            return replace(found, importance=importance, usual=usual, unseen=unseen, rare=known)
        edges, cells = tuple(map(float, document["edges"])), tuple(map(int, document["counts"]))
        if len(cells) != len(edges) + 1 or sorted(edges) != list(edges):
            raise ValueError(f"expected edges in order and one count more, got {len(edges)} and {len(cells)}")
        least, most = _number(document.get("least")), _number(document.get("most"))
        return cls(kind, cells, missing, 0, edges, (), least, most, importance, usual)

    @property
    def present(self) -> int:
        """The rows of training that had a value."""
        return sum(self.cells) + self.other + self.unseen

    def count(self, values: Sequence[Any]) -> Cells:
        """The counts of some values, as JSON has them. None is missing, an empty category, too; an absent text is one
        of no characters, as it is in training."""
        if self.kind == "category":
            return self._named(values)
        if self.kind == "text":
            values = [len(value or "") if isinstance(value, str | None) else "no text" for value in values]
        try:
            places = Counter(map(partial(bisect_left, self._bounds), values))
        except TypeError:
            return self._sorted_out(values)
        if places[0] and any(map(_is_nan, values)):  # which is found below all bounds
            return self._sorted_out(values)
        return self._folded(places)

    def _named(self, values: Sequence[Any]) -> Cells:
        found: Counter[str] = Counter()
        try:
            counted = Counter(values)
        except TypeError:  # a list or an object, which is no category
            counted = Counter(None if value is None else str(value) for value in values)
        for value, count in counted.items():
            found[self._place(value)] += count
        return dict(found)

    def _place(self, value: Any) -> str:
        if value is None or value == "":
            return MISSING
        name = str(value)
        # Where training had more than are known, one that is not known may be one of those.
        return self._places.get(name) or (OTHER if self.rare is None or name in self.rare else UNSEEN)

    def _sorted_out(self, values: Sequence[Any]) -> Cells:
        """The counts of values of which not all are numbers."""
        numbers = [value for value in values if isinstance(value, int | float) and not _is_nan(value)]
        missing = sum(value is None or _is_nan(value) for value in values)
        unseen = len(values) - len(numbers) - missing
        found = self._folded(Counter(map(partial(bisect_left, self._bounds), numbers)))
        return {**found, **{name: count for name, count in ((MISSING, missing), (UNSEEN, unseen)) if count}}

    def _folded(self, places: Mapping[int, int]) -> Cells:
        """Places between bounds as cells: those out of range are in the first or last bin, too."""
        last = len(self.edges)
        found: Counter[str] = Counter()
        for place, count in places.items():
            found[str(min(max(place - 1, 0), last))] += count
        outside = {BELOW: places.get(0, 0), ABOVE: places.get(len(self._bounds), 0)}
        return {**found, **{name: count for name, count in outside.items() if count}}

    @cached_property
    def _places(self) -> Mapping[str, str]:
        return {name: str(place) for place, name in enumerate(self.categories)}

    @cached_property
    def _bounds(self) -> tuple[float, ...]:
        """The edges between the ends of the range: one search says both the bin and whether the range is left."""
        least, most = (math.inf if end is None else end for end in (self.least, self.most))
        return (math.nextafter(least, -math.inf) if self.least is not None else -math.inf, *self.edges, most)


@dataclass(frozen=True)
class Profile:
    """What a version was trained on, by column, over ``rows`` rows.

    ``answer`` is the label's column, ``answers`` what the model itself answered to the held-out rows, over the same
    cells: a model's answers are not spread as the labels are. None where the profile does not have them.
    """

    rows: int
    features: Mapping[str, Column]
    answer: Column
    answer_name: str
    answers: Cells | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Profile:
        """The profile in profile.json, as image/evidence.py writes it. Raises Invalid for anything else."""
        try:
            features = {str(name): Column.from_document(each) for name, each in document["features"].items()}
            label, answers = document["label"], document.get("answers")
            found = None if answers is None else {str(cell): int(count) for cell, count in answers.items()}
            return cls(int(document["rows"]), features, Column.from_document(label), str(label["name"]), found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"profile.json of the training job can't be used: {error!r}") from error


Row = tuple[Mapping[str, Any], Mapping[str, Any]]
"""What was asked, and what was answered: the ``input`` and ``answer`` of a captured prediction."""


def count(profile: Profile, rows: Iterable[Row]) -> Counts:
    """The counts of some rows. Never raises for what is in them: what does not fit is missing or unseen."""
    remaining, total = iter(rows), ZERO
    while block := list(islice(remaining, _BLOCK)):
        total = merge(total, _count(profile, block))
    return total


def merge(one: Counts, other: Counts) -> Counts:
    """The counts of the rows of both: in any order, in any grouping; ``ZERO`` changes nothing."""
    return {name: _sum(one.get(name), other.get(name)) for name in {**one, **other}}


def _sum(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return merge(one, other) if isinstance(one, Mapping) else one + other


def _count(profile: Profile, rows: Sequence[Row]) -> Counts:
    inputs, answers = [asked for asked, _ in rows], [answered for _, answered in rows]
    columns = zip(profile.features.items(), _columns(inputs, list(profile.features)), strict=True)
    features = {name: column.count(values) for (name, column), values in columns}
    answered = "label" if profile.answer.kind == "category" else "value"
    answer = profile.answer.count([each.get(answered) for each in answers])
    return {"rows": len(rows), "features": features, "answer": answer}


def _columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Iterable[Sequence[Any]]:
    """The values of each of the columns, None where a row lacks one."""
    if len(names) > 1:
        try:
            return list(zip(*map(itemgetter(*names), rows), strict=True))
        except KeyError:
            pass
    return [[row.get(name) for row in rows] for name in names]


def _is_nan(value: object) -> bool:
    return value != value  # noqa: PLR0124 - math.isnan raises OverflowError for a large whole number


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
