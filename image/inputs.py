"""Requests of /invocations: bytes to checked columns, or the exact reasons why not.

Accepted are the spellings that callers of SageMaker endpoints and of MLflow's server use already:
records      {"inputs": [{..}]}, {"instances": [{..}]}, {"dataframe_records": [{..}]}, [{..}]
columns      {"columns": [..], "data": [[..]]}, also below "dataframe_split" or "inputs"
bare rows    [[..]] in the schema's order, also below "inputs" or "instances"
text/csv     with a header, or without one in the schema's order
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from heirloom.core.dataset.cells import MISSING, is_number
from heirloom.core.dataset.schema import Schema
from heirloom.core.spelling import did_you_mean

MOST_ROWS = 4096
_MOST_ERRORS = 20

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class FieldError:
    """What is wrong at one place of the input, such as ``inputs[3].distance``."""

    field: str
    detail: str


class RefusedRequest(Exception):
    """The request can't be answered: an HTTP status, a title and, where there are any, the fields to blame."""

    def __init__(self, status: int, title: str, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)


def parse(body: bytes, media_type: str, schema: Schema | None) -> Columns:
    """The columns of a request, in the schema's order: numbers or None, texts or None. Raises RefusedRequest."""
    if media_type == "application/json":
        rows = _json_rows(body, schema)
    elif media_type == "text/csv":
        rows = _csv_rows(body, schema)
    else:
        raise RefusedRequest(
            415, "Unsupported media type", f"expected application/json or text/csv, got {media_type!r}"
        )
    if not rows:
        raise _unfit([FieldError("inputs", "expected at least one row, got none")])
    if len(rows) > MOST_ROWS:
        raise RefusedRequest(413, "Too many rows", f"expected at most {MOST_ROWS} rows, got {len(rows)}")
    return _checked(rows, schema)


def _unfit(errors: Sequence[FieldError]) -> RefusedRequest:
    first = errors[0]
    return RefusedRequest(422, "Input does not fit the model", f"{first.field}: {first.detail}", errors)


def _malformed(detail: str) -> RefusedRequest:
    return RefusedRequest(400, "Malformed request", detail)


def _json_rows(body: bytes, schema: Schema | None) -> list[dict[str, Any]]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise _malformed(f"the body is not JSON: {broken}") from broken
    names = list(schema.features) if schema else []
    if isinstance(document, dict):
        wrappers = ("inputs", "instances", "dataframe_records", "dataframe_split")
        document = next((document[key] for key in wrappers if key in document), document)
    if isinstance(document, dict) and "columns" in document and "data" in document:
        names, document = document["columns"], document["data"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise _unfit([FieldError("columns", "expected a list of column names")])
    if not isinstance(document, list):
        raise _malformed('expected {"inputs": [{..}, ..]}, a list of records, or {"columns": [..], "data": [[..], ..]}')
    if all(isinstance(row, dict) for row in document):
        return document
    return [_named(index, row, names) for index, row in enumerate(document)]


def _named(index: int, row: object, names: Sequence[str]) -> dict[str, Any]:
    if isinstance(row, dict):
        return row
    if not isinstance(row, list):
        raise _unfit([FieldError(f"inputs[{index}]", f"expected a record or a list of values, got {_shown(row)}")])
    if len(row) != len(names):
        raise _unfit([FieldError(f"inputs[{index}]", f"expected {len(names)} values, got {len(row)}")])
    return dict(zip(names, row, strict=True))


def _csv_rows(body: bytes, schema: Schema | None) -> list[dict[str, Any]]:
    try:
        lines = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (csv.Error, UnicodeDecodeError) as broken:
        raise _malformed(f"the body is not CSV in UTF-8: {broken}") from broken
    if schema is None or (lines and not schema.features.keys().isdisjoint(lines[0])):
        names, lines = (lines[0], lines[1:]) if lines else ([], [])
        if len(set(names)) < len(names):
            raise _unfit([FieldError("header", "expected each column once")])
    else:
        names = list(schema.features)
    rows = [_named(index, line, names) for index, line in enumerate(lines[: MOST_ROWS + 1])]
    kinds = schema.features if schema else {}
    return [{name: _cell(kinds.get(name), cell) for name, cell in row.items()} for row in rows]


def _cell(kind: str | None, cell: str) -> Any:
    """A CSV cell as its JSON value; one that is no number where it should be stays a text, to be refused as such."""
    if kind in ("number", None) and cell in MISSING:
        return None
    if kind in ("number", None) and is_number(cell):
        return float(cell)
    return None if kind == "category" and not cell else cell


def _checked(rows: list[dict[str, Any]], schema: Schema | None) -> Columns:
    if schema is None:
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}
    wanted = schema.features.keys()
    errors = [error for index, row in enumerate(rows) if row.keys() != wanted for error in _keys(index, row, schema)]
    if errors:
        raise _unfit(errors[:_MOST_ERRORS])
    columns = {name: [row[name] for row in rows] for name in wanted}
    wrong = [error for name, kind in schema.features.items() for error in _cells(name, kind, columns[name])]
    if wrong:
        raise _unfit(wrong[:_MOST_ERRORS])
    for name, kind in schema.features.items():
        if kind == "category":
            columns[name] = [str(cell) if type(cell) is int else cell for cell in columns[name]]
    return columns


def _keys(index: int, row: Mapping[str, Any], schema: Schema) -> Iterator[FieldError]:
    for name, kind in schema.features.items():
        if name not in row:
            yield FieldError(f"inputs[{index}].{name}", f"expected {_EXPECTED[kind]}, but the field is missing")
    for name in row:
        if name not in schema.features:
            hint = did_you_mean(name, schema.features)
            known = ", ".join(islice(schema.features, _MOST_ERRORS))
            yield FieldError(f"inputs[{index}].{name}", f"expected only the fields {known}{hint}, got an unknown one")


# A category may be a whole number, as in a CSV, where 10001 is read as the text of a category column.
_ALLOWED: Mapping[str, frozenset[type]] = {
    "number": frozenset([int, float, type(None)]),
    "category": frozenset([str, int, type(None)]),
    "text": frozenset([str, type(None)]),
}
_EXPECTED = {"number": "a number or null", "category": "a text or null", "text": "a text or null"}


def _cells(name: str, kind: str, cells: list[Any]) -> Iterator[FieldError]:
    allowed = _ALLOWED[kind]
    if allowed.issuperset(map(type, cells)):
        return
    for index, cell in enumerate(cells):
        if type(cell) not in allowed:
            yield FieldError(f"inputs[{index}].{name}", f"expected {_EXPECTED[kind]}, got {_shown(cell)}")


def _shown(value: object) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
