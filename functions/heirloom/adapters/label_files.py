"""Files of labels in storage: CSV by the standard library, Parquet by pyarrow, which only who meets Parquet loads.

Both are read piece by piece: whoever takes the rows does so slowly, and S3 does not hold a response open for long.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from typing import IO, Any, cast

from heirloom.core.clock import stamp
from heirloom.core.dataset.csv_stream import CsvStream, Row, refused
from heirloom.core.errors import Invalid
from heirloom.core.prediction.label_file import Columns, LabelRow
from heirloom.core.storage import Objects, Stored

_PIECE = 2**20
_ROWS_AT_ONCE = 10_000
USUAL = Columns()


class StoredLabelFiles:
    """The port LabelFiles."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def rows(self, stored: Stored) -> Iterator[LabelRow]:
        file = RangeFile(self._objects, stored)
        match PurePosixPath(stored.location.key).suffix.lower():
            case ".csv":
                return csv_rows(iter(lambda: file.read(_PIECE), b""))
            case ".parquet":
                return parquet_rows(cast(IO[bytes], io.BufferedReader(file, _PIECE)))
            case other:
                raise refused("file", "a name that ends in .csv or .parquet", repr(other) if other else "none of both")


class RangeFile(io.RawIOBase):
    """An object as a file that can be read from any place, a request a read."""

    def __init__(self, objects: Objects, stored: Stored) -> None:
        self._objects = objects
        self._stored = stored
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._stored.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._stored.size - self._place))
        if count:
            buffer[:count] = self._objects.read_range(self._stored, self._place, self._place + count - 1)
            self._place += count
        return count


def csv_rows(chunks: Iterable[bytes], columns: Columns = USUAL) -> Iterator[LabelRow]:
    """The rows of a CSV in UTF-8 with a header. Raises InvalidData."""
    stream = CsvStream(chunks)
    if not stream.header:
        raise refused("file", f"a header with {columns.id} and {columns.label}, and rows", "an empty file")
    identity, label, at = columns.places(stream.header)
    for block in stream.blocks():
        line = block.after + 1
        for row in block.lines:
            if row:
                yield LabelRow(line, row[identity], row[label] or None, (at is not None and row[at]) or None)
            line += _lines(row)


def parquet_rows(file: IO[bytes], columns: Columns = USUAL) -> Iterator[LabelRow]:
    """The rows of a Parquet file, which can be read from any place. Raises InvalidData, and Invalid without pyarrow."""
    arrow = _pyarrow()
    with _understood(arrow):
        opened = arrow.parquet.ParquetFile(file, buffer_size=_PIECE)
    names = list(opened.schema_arrow.names)
    wanted = {
        role: names[place] for role, place in zip(_KINDS, columns.places(names), strict=True) if place is not None
    }
    kinds = {role: opened.schema_arrow.field(name).type for role, name in wanted.items()}
    for role, name in wanted.items():
        _check(arrow.types, role, name, kinds[role])
    with _understood(arrow):
        line = 1
        for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=list(wanted.values()), use_threads=False):
            cells = [_cells(arrow, batch.column(name), kinds[role]) for role, name in wanted.items()]
            yield from map(LabelRow, range(line, line + batch.num_rows), *cells)
            line += batch.num_rows


def _lines(row: Row) -> int:
    """How many lines of the file a row takes."""
    return 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)


@contextmanager
def _understood(arrow: Any) -> Iterator[None]:
    """Say of pyarrow's errors that the file is broken."""
    try:
        yield
    except (arrow.lib.ArrowException, OSError) as broken:
        raise refused("file", "a Parquet file", str(broken)) from broken


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet  # noqa: PLC0415 - 0.2 s, and not wherever labels are sent: only who meets Parquet loads it
    except ImportError as missing:
        hint = "`pip install 'heirloom[parquet]'`, or give the labels as CSV"
        raise Invalid(f"Parquet is read by pyarrow, which is not installed here: {hint}") from missing
    return pyarrow


_TEXT = ("is_string", "is_large_string", "is_string_view")
_NUMBER = ("is_integer", "is_floating", "is_decimal")
_KINDS = {
    "id": (_TEXT, "text"),
    "label": ((*_TEXT, *_NUMBER, "is_boolean"), "text, numbers or booleans"),
    "at": ((*_TEXT, "is_timestamp"), "timestamps, or text in ISO 8601"),
}
"""By pyarrow's own words what a column may hold, and how people say it."""
_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _check(types: Any, role: str, name: str, kind: Any) -> None:
    fitting, expected = _KINDS[role]
    values = kind.value_type if types.is_dictionary(kind) and role != "at" else kind
    if not any(getattr(types, word)(values) for word in fitting):
        raise refused(f"column {name}", expected, str(kind))


def _cells(arrow: Any, column: Any, kind: Any) -> list[Any]:
    """A column's values as JSON has them, NaN as nothing, moments as stamps: one without an offset is UTC."""
    if arrow.types.is_timestamp(kind):
        units = _UNITS[kind.unit]  # as numbers: to make a datetime, pyarrow asks for the system's time zones
        return [None if it is None else _stamp(it * 1000 // units) for it in column.view(arrow.int64()).to_pylist()]
    return [_plain(value) for value in column.to_pylist()]


def _stamp(milliseconds: int) -> str:
    try:
        return stamp(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return f"{milliseconds} ms after 1970"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return None if value != value else value  # noqa: PLR0124 - NaN is what does not equal itself
