"""A CSV file as a stream of bytes, read in blocks of constant size: UTF-8, commas, a header, every row as wide as it.

Called by core/dataset/schema.py. Knows the form of the file and nothing of what its columns mean.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from heirloom.core.errors import InvalidData, Problem

_CELLS_A_BLOCK = 50_000
_LONGEST_LINE = 16 * 2**20
_NEWLINE = re.compile(r"\r\n|\r|\n")

Row = list[str]


def refused(where: str, expected: str, got: str, line: int = 0) -> InvalidData:
    """The error for one problem; the line, where there is one, is part of the message."""
    problem = Problem(f"line {line}, {where}" if line else where, expected, got, line)
    return InvalidData(str(problem), (problem,))


@dataclass(frozen=True)
class Block:
    """Some rows after one another, blank lines included; ``after`` is the number of the line before the first."""

    after: int
    lines: list[Row]

    def rows(self) -> list[Row]:
        """The rows that are not blank."""
        return list(filter(None, self.lines))

    def line_of(self, index: int) -> int:
        """The line in the file, from 1, on which the row that ``rows()[index]`` gives begins."""
        place = [place for place, row in enumerate(self.lines) if row][index]
        newlines = sum(len(_NEWLINE.findall(value)) for row in self.lines[:place] for value in row)
        return self.after + 1 + place + newlines


class CsvStream:
    """The header of a file, then its blocks; ``size`` and ``sha256`` are the file's when the last block was read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.size = 0
        self._digest = hashlib.sha256()
        self._reader = csv.reader(self._lines(chunks), strict=True)
        self.header = self._first()

    @property
    def sha256(self) -> str:
        """Of the bytes read so far, in hex."""
        return self._digest.hexdigest()

    def blocks(self) -> Iterator[Block]:
        """The rows, a constant number of cells a block. Raises InvalidData at the first bad row."""
        width = len(self.header)
        while True:
            after = self._reader.line_num
            block = Block(after, self._take(_CELLS_A_BLOCK // width + 1))
            if not block.lines:
                return
            if any(length not in (0, width) for length in set(map(len, block.lines))):
                raise _ragged(block, width)
            yield block

    def _first(self) -> Row:
        """The first row that is not blank, [] when there is none."""
        while taken := self._take(1):
            if taken[0]:
                return taken[0]
        return []

    def _take(self, count: int) -> list[Row]:
        try:
            return list(islice(self._reader, count))
        except csv.Error as broken:
            expected = f"a row of CSV (each quote closed, no value above {csv.field_size_limit()} characters)"
            raise refused("row", expected, str(broken), self._reader.line_num) from broken

    def _lines(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """Lines with their ends, cut only after a newline, so that no line end is split between two chunks."""
        rest = ""
        for text in self._decoded(chunks):
            rest += text
            cut = rest.rfind("\n") + 1
            yield from io.StringIO(rest[:cut], newline="")
            rest = rest[cut:]
            if len(rest) > _LONGEST_LINE:
                raise refused("file", f"lines of at most {_LONGEST_LINE} characters", "a longer one")
        yield from io.StringIO(rest, newline="")

    def _decoded(self, chunks: Iterable[bytes]) -> Iterator[str]:
        """The text of each chunk; a byte order mark, as spreadsheets write it, is dropped."""
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        for chunk in chunks:
            waiting = len(decoder.getstate()[0])
            self._digest.update(chunk)
            yield self._decode(decoder, chunk, waiting)
            self.size += len(chunk)
        self._decode(decoder, b"", len(decoder.getstate()[0]), last=True)

    def _decode(self, decoder: codecs.IncrementalDecoder, chunk: bytes, waiting: int, last: bool = False) -> str:
        try:
            text = decoder.decode(chunk, last)
        except UnicodeDecodeError as wrong:
            offset = self.size - waiting + wrong.start
            got = f"the byte {wrong.object[wrong.start]:#04x} at byte offset {offset}"
            raise refused("file", "UTF-8 text (save it as CSV UTF-8)", got) from wrong
        if "\0" in text:
            raise refused("file", "UTF-8 text", "a zero byte, as in UTF-16 or in a binary file")
        return text


def _ragged(block: Block, width: int) -> InvalidData:
    index, row = next((index, row) for index, row in enumerate(block.rows()) if len(row) != width)
    return refused("row", f"{width} values as in the header", f"{len(row)}", block.line_of(index))
