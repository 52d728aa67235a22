"""What a block says to a search: which of its rows pass, which have to be asked themselves, and by what they sort."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heirloom.core.tracking.index.cells import ATTRIBUTES, COLUMNAR
from heirloom.core.tracking.index.column import Column
from heirloom.core.tracking.index.manifest import Block
from heirloom.core.tracking.search.filter import Filter, comparison
from heirloom.core.tracking.search.kinds import ATTRIBUTE, IS_NOT_NULL, IS_NULL, METRIC, PARAM, TAG
from heirloom.core.tracking.search.order import Order
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.search.terms import Term

STAGE = (ATTRIBUTE, "lifecycle_stage")
Name = tuple[str, str]
"""An entity and a key of it."""


@dataclass(frozen=True)
class Question:
    """A filter and an order, as far as columns can answer them. ``exact``: the filter needs nothing but columns."""

    terms: tuple[Term, ...]
    sorted_by: tuple[Name, ...]
    exact: bool

    @classmethod
    def of(cls, wanted: Filter, order: Order) -> Question:
        """What is asked of each block."""
        terms = tuple(each for each in wanted.terms if columnar(each.entity, each.key))
        keys = tuple((key.entity, key.key) for key in order.keys if columnar(key.entity, key.key))
        return cls(terms, keys, len(terms) == len(wanted.terms))

    def names(self, block: Block) -> list[Name]:
        """The columns of a block that answer it."""
        asked = [(each.entity, each.key) for each in self.terms]
        return list(dict.fromkeys([*asked, *self.sorted_by, *([STAGE] if block.deleted else [])]))


@dataclass(frozen=True)
class Part:
    """Of a block: the ``rows`` that pass, those that are ``unsure``, and the columns that were looked at."""

    experiment: str
    block: Block
    rows: Sequence[int]
    unsure: Sequence[int]
    columns: Mapping[Name, Column]

    def values(self, name: Name) -> Sequence[Any]:
        """What the rows have in a column."""
        return self.columns[name].of(self.rows)

    def row(self, run: str, number: int) -> Row:
        """A row as far as an order asks for it."""
        known = [(entity, key, column.at(number)) for (entity, key), column in self.columns.items()]
        of = {
            entity: {key: value for its, key, value in known if its == entity and value is not None}
            for entity in (ATTRIBUTE, METRIC, PARAM, TAG)
        }
        return Row({**of[ATTRIBUTE], "run_id": run}, of[METRIC], of[PARAM], of[TAG])


def columnar(entity: str, key: str) -> bool:
    """Whether there is a column of it."""
    return entity in COLUMNAR or (entity == ATTRIBUTE and key in ATTRIBUTES)


def search_block(
    experiment: str,
    block: Block,
    open_rows: Collection[int],
    columns: Mapping[Name, Column],
    asked: Question,
    stages: Collection[str],
) -> Part:
    """Rows of open runs do not count, nor those in no such stage; ``columns`` are those that are asked for."""
    skipped = {*block.dead, *open_rows}
    rows: Sequence[int] = range(block.rows)
    if skipped:
        rows = [row for row in rows if row not in skipped]
    if block.deleted:
        rows = columns[STAGE].where(stages.__contains__, rows)
    doubtful = frozenset[int]().union(*(column.unsure for column in columns.values()))
    unsure = [row for row in rows if row in doubtful] if doubtful else []
    if unsure:
        rows = [row for row in rows if row not in doubtful]
    for term in asked.terms:
        rows = _passing(term, columns[term.entity, term.key], rows)
    if asked.exact:
        return Part(experiment, block, rows, unsure, columns)
    return Part(experiment, block, [], [*rows, *unsure], columns)


def _passing(term: Term, column: Column, rows: Sequence[int]) -> Sequence[int]:
    if term.comparator == IS_NULL:
        return column.absent(rows)
    return column.where(_anything if term.comparator == IS_NOT_NULL else comparison(term), rows)


def _anything(_: Any) -> bool:
    return True
