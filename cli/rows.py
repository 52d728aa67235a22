"""The rows of a prediction as people type them or keep them in files, as the records that the API takes."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from typing import Any, TextIO

from heirloom.core.errors import Invalid

Row = dict[str, Any]


def row_of(cells: Iterable[str]) -> Row:
    """One row out of column=value pairs. Raises Invalid."""
    row: Row = {}
    for cell in cells:
        name, equals, value = cell.partition("=")
        if not name or not equals:
            raise Invalid(f"{cell!r}: expected column=value")
        if name in row:
            raise Invalid(f"the column {name!r} is there twice: --input and --file take several rows")
        row[name] = value_of(value)
    return row


def value_of(text: str) -> Any:
    """What a cell says: a number, true, false, nothing for an empty one; a text in quotes, or whatever is no number."""
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return text
    plain = isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
    return value if plain or value is None else text


def rows_of_json(text: str) -> list[Row]:
    """A record, a list of records, or {"inputs": [...]} as the API has it. Raises Invalid."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Invalid(f"expected JSON, got {_short(text)} ({error})") from error
    if isinstance(document, dict):
        document = document["inputs"] if set(document) == {"inputs"} else [document]
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise Invalid(f"expected a record, a list of records or {{'inputs': [...]}}, got {_short(text)}")
    return document


def rows_of_csv(text: str) -> list[Row]:
    """The rows below a header line. Raises Invalid for rows that are longer or shorter than it."""
    header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    if not rows:
        raise Invalid("expected a CSV with a header line and at least one row")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise Invalid(f"row {number}: expected {len(header)} cells, as in the header, got {len(row)}")
    return [dict(zip(header, map(value_of, row), strict=True)) for row in rows]


def rows_of_file(file: TextIO) -> list[Row]:
    """The rows in a file that was opened as UTF-8. Raises Invalid."""
    try:
        text = file.read()
    except UnicodeDecodeError as error:
        wrong = f"the byte 0x{error.object[error.start]:02x}"
        raise Invalid(f"{file.name}: expected CSV or JSON in UTF-8, got {wrong}") from error
    return rows_of_text(text)


def rows_of_text(text: str) -> list[Row]:
    """JSON when the text begins as JSON does, else CSV: a pipe has no file name to tell. Raises Invalid."""
    text = text.removeprefix("\ufeff")
    return rows_of_json(text) if text.lstrip()[:1] in ("{", "[") else rows_of_csv(text)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
