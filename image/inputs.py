"""Requests of /invocations: bytes to checked rows, or the exact reasons why not.

Accepted are the spellings that callers of SageMaker endpoints and of MLflow's server use already:
records            {"inputs": [{..}]}, {"instances": [{..}]}, {"dataframe_records": [{..}]}, [{..}]
columns            {"columns": [..], "data": [[..]]}, also below "dataframe_split" or "inputs"
bare rows          [[..]] in the schema's order, also below "inputs" or "instances"
text/csv           with a header, or without one in the schema's order
application/x-npy  numbers in the schema's order, where all features are numbers

A request that fits passes in a few C calls a row: it is looked at cell by cell only to say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from heirloom.core.dataset.schema import Schema
from image.answers import CSV, JSON, NPY
from image.compiled.encoding import Rows
from image.formats import (
    Record,
    Row,
    csv_cell,
    csv_column,
    csv_lines,
    csv_numbers,
    json_document,
    named,
    npy_matrix,
    unwrapped,
)
from image.misfits import ALLOWED, EXPECTED, misfit, seen_by
from image.refusal import FieldError, RefusedRequest, unfit, unfit_at

MOST_ROWS = 4096
_MOST_ERRORS = 20
_MOST_SIGNATURES = 4096


class Reader:
    """Reads requests by one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names = list(schema.features)
        self._width = len(self._names)
        self._of_record = _picker(self._names)
        kinds = list(schema.features.values())
        self._allowed = [ALLOWED[kind] for kind in kinds]
        self._categories = [place for place, kind in enumerate(kinds) if kind == "category"]
        self._others = [name for name, kind in schema.features.items() if kind != "number"]
        self._seen = [(self._names.index(name), seen) for name, seen in seen_by(schema).items()]
        # The types of the cells of rows that were taken: a row with the same ones is taken without another look.
        # False where whole numbers stand for categories, and must become texts.
        self._signatures: dict[tuple[type, ...], bool] = {}

    def read(self, body: bytes, media_type: str) -> Rows:
        """The rows of a request: numbers or None, texts or None. Raises RefusedRequest."""
        if media_type == JSON:
            return self._checked(self._json(body))
        if media_type == CSV:
            return self._checked(self._csv(body))
        if media_type == NPY:
            return self._npy(body)
        raise _unsupported(media_type)

    def _json(self, body: bytes) -> list[Row]:
        document, names = json_document(body), self._names
        if type(document) is dict and type(inputs := document.get("inputs")) is list:
            document = inputs  # the API's own spelling, before all others
        else:
            document, names = unwrapped(document, names)
        _limit(len(document))
        rows = self._records(document) if type(document[0]) is dict else self._lists(document, names)
        return rows or self._mixed([named(index, row, names) for index, row in enumerate(document)])

    def _records(self, records: Sequence[Any]) -> list[Row]:
        """Their cells in the schema's order; [] where they are not all records of all features and nothing else."""
        try:
            rows = list(map(self._of_record, records))
        except (KeyError, TypeError):
            return []
        return rows if set(map(len, records)) == {self._width} else []

    def _lists(self, lines: Sequence[Any], names: Sequence[str]) -> list[Row]:
        """The same for lists of cells that are in the schema's order."""
        if names != self._names or not all(type(line) is list and len(line) == self._width for line in lines):
            return []
        return list(map(tuple, lines))

    def _mixed(self, records: Sequence[Record]) -> list[Row]:
        """The same for rows in any spelling and order; raises where they do not fit."""
        rows = self._records(records)
        if not rows:
            raise misfit(records, self._schema)
        return rows

    def _csv(self, body: bytes) -> list[Row]:
        if not self._others and (rows := csv_numbers(body, self._width)):
            _limit(len(rows))
            return rows
        lines, names = csv_lines(body, self._names)
        _limit(len(lines))
        if set(names) != set(self._names) or set(map(len, lines)) != {self._width}:
            return self._mixed(_typed(lines, names, self._schema))
        cells = dict(zip(names, zip(*lines, strict=True), strict=True))
        columns = [csv_column(kind, cells[name]) for name, kind in self._schema.features.items()]
        return list(zip(*columns, strict=True))

    def _npy(self, body: bytes) -> Rows:
        if self._others:
            texts = ", ".join(self._others)
            raise unfit_at("inputs", f"expected {JSON} or {CSV}, as {texts} are no numbers, got {NPY}")
        matrix = npy_matrix(body)
        _limit(len(matrix))
        if matrix.shape[1] != self._width:
            raise unfit_at("inputs", f"expected {self._width} columns, got {matrix.shape[1]}")
        endless = np.argwhere(np.isinf(matrix)).tolist()
        if endless:
            detail = f"expected {EXPECTED['number']}, got infinity"
            named_first = endless[:_MOST_ERRORS]
            errors = [FieldError(f"inputs[{row}].{self._names[column]}", detail) for row, column in named_first]
            raise unfit(errors, len(endless) - len(errors))
        return matrix

    def _checked(self, rows: list[Row]) -> list[Row]:
        for place, row in enumerate(rows):
            signature = tuple(map(type, row))
            ready = self._signatures.get(signature)
            if ready is None:
                ready = self._admitted(signature, rows)
            if not ready:
                rows[place] = self._as_texts(row)
        for place, seen in self._seen:
            for row in rows:
                if row[place] not in seen:
                    raise misfit(self._named(rows), self._schema)
        return rows

    def _admitted(self, signature: tuple[type, ...], rows: Sequence[Row]) -> bool:
        """Whether rows of these types are taken as they are; raises where they are not taken at all."""
        if not all(kind in allowed for kind, allowed in zip(signature, self._allowed, strict=True)):
            raise misfit(self._named(rows), self._schema)
        if len(self._signatures) >= _MOST_SIGNATURES:
            self._signatures.clear()
        ready = all(signature[place] is not int for place in self._categories)
        self._signatures[signature] = ready
        return ready

    def _as_texts(self, row: Row) -> Row:
        """The row with the whole numbers of its categories as texts, as a CSV has them."""
        whole = [place for place in self._categories if type(row[place]) is int]
        return tuple(str(cell) if place in whole else cell for place, cell in enumerate(row))

    def _named(self, rows: Sequence[Row]) -> list[Record]:
        return [dict(zip(self._names, row, strict=True)) for row in rows]


def read_any(body: bytes, media_type: str) -> list[Record]:
    """The rows of a request to a baseline of which nothing says what columns it needs: it takes any."""
    if media_type == JSON:
        document, names = unwrapped(json_document(body), [])
        records = [named(index, row, names) for index, row in enumerate(document)]
    elif media_type == CSV:
        records = _typed(*csv_lines(body, None), None)
    else:
        raise _unsupported(media_type)
    _limit(len(records))
    return records


def _typed(lines: Sequence[Any], names: Sequence[str], schema: Schema | None) -> list[Record]:
    """Lines of a CSV as records of JSON values."""
    kinds = schema.features if schema else {}
    records = (named(index, line, names) for index, line in enumerate(lines))
    return [{name: csv_cell(kinds.get(name), cell) for name, cell in record.items()} for record in records]


def _picker(keys: Sequence[Any]) -> Callable[[Any], Row]:
    """The values at ``keys``, as a tuple."""
    return itemgetter(*keys) if len(keys) > 1 else lambda row: (row[keys[0]],)


def _limit(rows: int) -> None:
    if not rows:
        raise unfit_at("inputs", "expected at least one row, got none")
    if rows > MOST_ROWS:
        raise RefusedRequest(413, "Too many rows", f"expected at most {MOST_ROWS} rows, got {rows}")


def _unsupported(media_type: str) -> RefusedRequest:
    return RefusedRequest(415, "Unsupported media type", f"expected {JSON}, {CSV} or {NPY}, got {media_type!r}")
