"""The rows of a CSV file with their places in bytes: where a file may be cut without cutting a row.

Called by split.py. A newline within quotes ends no row.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from heirloom.core.dataset.csv_stream import Row, refused

_LONGEST_LINE = 16 * 2**20
_MARK = codecs.BOM_UTF8.decode("latin-1")


class PlacedRow(NamedTuple):
    """A row and the byte after its last one. ``cells`` is [] for a blank line."""

    cells: Row
    end: int


def placed_rows(chunks: Iterable[bytes]) -> Iterator[PlacedRow]:
    """The rows of a file, the header and the blank lines as well, without the byte order mark of spreadsheets.

    The bytes are read as Latin-1, in which each is one character: commas, quotes and newlines are the same bytes in
    UTF-8, and ``text_of`` gives the text of a cell. Raises InvalidData for what is neither UTF-8 nor CSV.
    """
    lines = _Lines(chunks)
    reader = csv.reader(iter(lines), strict=True)
    try:
        for cells in reader:
            yield PlacedRow(cells, lines.end_of(reader.line_num))
    except csv.Error as broken:
        expected = f"a row of CSV (each quote closed, no value above {csv.field_size_limit()} characters)"
        raise refused("row", expected, str(broken), reader.line_num) from broken


def text_of(cells: Row) -> Row:
    """The texts of cells that were read as Latin-1."""
    return [cell.encode("latin-1").decode() for cell in cells]


class _Lines:
    """Lines with their ends, block by block. Who takes them one by one may ask where the last one taken ends."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._ends = [0]
        self._before = 0

    def end_of(self, line: int) -> int:
        """The byte after the line of this number, from 1, which is one of the block that is being given out."""
        return self._ends[line - self._before]

    def __iter__(self) -> Iterator[str]:
        """Text is cut after newlines only, so that no line end is split between two chunks."""
        rest = ""
        for chunk in _checked(self._chunks):
            rest += chunk.decode("latin-1")
            cut = rest.rfind("\n") + 1
            yield from self._block(rest[:cut])
            rest = rest[cut:]
            if len(rest) > _LONGEST_LINE:
                raise refused("file", f"lines of at most {_LONGEST_LINE} bytes", "a longer one")
        yield from self._block(rest)

    def _block(self, text: str) -> list[str]:
        lines = list(io.StringIO(text, newline=""))
        first = not self._ends[-1]
        self._before += len(self._ends) - 1
        self._ends = list(accumulate(map(len, lines), initial=self._ends[-1]))
        return [lines[0].removeprefix(_MARK), *lines[1:]] if first and lines else lines


def _checked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks as they are, once each is known to be UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = 0
    try:
        for chunk in chunks:
            if "\0" in decoder.decode(chunk):
                raise refused("file", "UTF-8 text", "a zero byte, as in UTF-16 or in a binary file")
            size += len(chunk)
            yield chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as wrong:
        got = f"the byte {wrong.object[wrong.start]:#04x} after byte {size}"
        raise refused("file", "UTF-8 text (save it as CSV UTF-8)", got) from wrong
