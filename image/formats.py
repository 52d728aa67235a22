"""The bodies of requests as rows of cells that nobody has checked: JSON, CSV and npy."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from heirloom.core.dataset.cells import MISSING, first_wrong_number, is_number
from image.compiled.encoding import Matrix
from image.refusal import malformed, shown, unfit_at

_WRAPPERS = ("inputs", "instances", "dataframe_records", "dataframe_split")

Row = tuple[Any, ...]
Record = Mapping[str, Any]


def json_document(body: bytes) -> Any:
    """Raises RefusedRequest where the body is not JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as broken:
        raise malformed(f"the body is not JSON: {broken}") from broken


def unwrapped(document: Any, names: list[str]) -> tuple[list[Any], list[str]]:
    """The rows of a document, and the names of their cells where they are lists."""
    if isinstance(document, dict):
        document = next((document[key] for key in _WRAPPERS if key in document), document)
    if isinstance(document, dict) and "columns" in document and "data" in document:
        names, document = document["columns"], document["data"]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise unfit_at("columns", "expected a list of column names")
    if not isinstance(document, list):
        raise malformed('expected {"inputs": [{..}, ..]}, a list of records, or {"columns": [..], "data": [[..], ..]}')
    return document, names


def named(index: int, row: object, names: Sequence[str]) -> Record:
    """A row as a record. Raises RefusedRequest where it has not the length of the names."""
    if isinstance(row, dict):
        return row
    if not isinstance(row, list):
        raise unfit_at(f"inputs[{index}]", f"expected a record or a list of values, got {shown(row)}")
    if len(row) != len(names):
        raise unfit_at(f"inputs[{index}]", f"expected {len(names)} values, got {len(row)}")
    return dict(zip(names, row, strict=True))


def csv_lines(body: bytes, names: list[str] | None) -> tuple[list[list[str]], list[str]]:
    """Lines of cells, and their names: the header's, or ``names`` where no column of the first line is among them."""
    try:
        lines = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (csv.Error, UnicodeDecodeError) as broken:
        raise malformed(f"the body is not CSV in UTF-8: {broken}") from broken
    if names is None or (lines and not set(names).isdisjoint(lines[0])):
        names, lines = (lines[0], lines[1:]) if lines else ([], [])
        if len(set(names)) < len(names):
            raise unfit_at("header", "expected each column once")
    return lines, names


def csv_numbers(body: bytes, width: int) -> list[Row]:
    """The rows of a CSV of plain numbers, read by JSON's parser, the fastest there is; [] for every other CSV."""
    if b"[" in body or b"]" in body:
        return []
    try:
        lines = orjson.loads(b"[[" + body.strip().replace(b"\n", b"],[") + b"]]")
    except orjson.JSONDecodeError:
        return []
    cells = {type(cell) for line in lines for cell in line}
    return list(map(tuple, lines)) if cells <= {int, float} and set(map(len, lines)) == {width} else []


def csv_column(kind: str, cells: Sequence[str]) -> Iterable[Any]:
    """A CSV column as its JSON values; a cell that is no number where it should be stays a text, to be refused."""
    if kind == "number" and first_wrong_number(cells) is None:
        return [None if cell in MISSING else float(cell) for cell in cells]
    return cells if kind == "text" else [csv_cell(kind, cell) for cell in cells]


def csv_cell(kind: str | None, cell: str) -> Any:
    """One cell of a CSV as its JSON value; ``kind`` None where nothing says what it is."""
    if kind in ("number", None) and cell in MISSING:
        return None
    if kind in ("number", None) and is_number(cell):
        return float(cell)
    return None if kind == "category" and not cell else cell


def npy_matrix(body: bytes) -> Matrix:
    """The array of an .npy file, checked before any memory is taken for it: rows of numbers, as float64."""
    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_column, kind = header(stream)
    except Exception as broken:  # numpy's reader raises what its parsers of Python raise
        raise malformed(f"the body is not an .npy file: {broken}") from broken
    if len(shape) != 2 or kind.kind not in "fiu":
        raise unfit_at("inputs", f"expected rows of numbers, got an array of {kind} of shape {shape}")
    numbers = body[stream.tell() :]
    if min(shape) < 0 or shape[0] * shape[1] * kind.itemsize != len(numbers):
        raise malformed(f"the body is not an .npy file: {len(numbers)} bytes for the shape {shape}")
    return np.frombuffer(numbers, kind).reshape(shape, order="F" if by_column else "C").astype(np.float64)
