"""The labels that people give to `heirloom feedback`: typed, or in a CSV, JSON or Parquet file of this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from heirloom.adapters.label_files import csv_rows, parquet_rows
from heirloom.core.errors import Invalid, InvalidData
from heirloom.core.prediction.label_file import Columns, LabelRow

CHUNK = 2**20
STDIN = "-"


def typed(words: Iterable[str]) -> list[LabelRow]:
    """Rows of ID=LABEL. Raises Invalid."""
    rows = []
    for number, word in enumerate(words, start=1):
        identity, equals, label = word.partition("=")
        if not identity or not equals:
            raise Invalid(f"{word!r}: expected ID=LABEL, with the id of a prediction")
        rows.append(LabelRow(number, identity, label))
    return rows


def rows_of(file: str, columns: Columns) -> list[LabelRow]:
    """The rows of a file; - for stdin, which has no name to tell the format by. Raises Invalid."""
    try:
        if Path(file).suffix.lower() == ".parquet":
            with Path(file).open("rb") as opened:
                return list(parquet_rows(opened, columns))
        if file == STDIN:
            return _told(sys.stdin.buffer.read(), columns)
        if Path(file).suffix.lower() == ".json":
            return json_rows(Path(file).read_bytes(), columns)
        return list(csv_rows(_chunks(Path(file)), columns))
    except InvalidData as wrong:
        raise InvalidData(f"{file}: {wrong}", wrong.problems) from wrong


def json_rows(body: bytes, columns: Columns) -> list[LabelRow]:
    """A list of records, or {"labels": [...]} as the API has it. Raises InvalidData."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise InvalidData(f"expected JSON: {wrong}") from wrong
    if isinstance(document, dict) and set(document) == {"labels"}:
        document = document["labels"]
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        expected = f'a list of objects {{"{columns.id}", "{columns.label}"}}, or {{"labels": [...]}}'
        raise InvalidData(f"expected {expected}")
    return [_row(number, each, columns) for number, each in enumerate(document, start=1)]


def _told(body: bytes, columns: Columns) -> list[LabelRow]:
    """JSON where it begins as JSON does, else CSV."""
    return json_rows(body, columns) if body.lstrip()[:1] in (b"[", b"{") else list(csv_rows([body], columns))


def _row(number: int, record: dict[str, Any], columns: Columns) -> LabelRow:
    return LabelRow(number, record.get(columns.id), record.get(columns.label), record.get(columns.at))


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk
