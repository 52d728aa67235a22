"""Where a CSV file may be cut."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator

import pytest

from heirloom.core.batch.rows import PlacedRow, placed_rows, text_of
from heirloom.core.errors import InvalidData


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    return (body[start : start + size] for start in range(0, len(body), size))


def rows(body: bytes, size: int = 7) -> list[PlacedRow]:
    return list(placed_rows(in_chunks(body, size)))


def test_knows_where_each_row_ends() -> None:
    body = b"a,b\r\n1,2\n\n3,4"

    assert [(row.cells, row.end) for row in rows(body)] == [
        (["a", "b"], 5),
        (["1", "2"], 9),
        ([], 10),
        (["3", "4"], 13),
    ]


def test_a_newline_in_quotes_ends_no_row() -> None:
    body = b'a,b\n"one\ntwo\r\n",2\n"say ""hi\n""",3\n'

    assert [row.end for row in rows(body, 3)] == [4, 18, 34]


def test_a_quote_in_the_midst_of_a_value_is_a_letter() -> None:
    """Counting quotes would not do: csv opens a quoted value only where a value begins."""
    assert [row.cells for row in rows(b'a,b\n5" pipe,1\n6" pipe,2\n')][1:] == [['5" pipe', "1"], ['6" pipe', "2"]]


def test_tells_the_text_of_what_is_not_ascii() -> None:
    body = "naïve,😀\nÄ,ß\n".encode()

    found = rows(body, 1)

    assert [text_of(row.cells) for row in found] == [["naïve", "😀"], ["Ä", "ß"]]
    assert found[-1].end == len(body)


def test_leaves_out_the_mark_that_spreadsheets_write() -> None:
    found = rows(b'\xef\xbb\xbf"a",b\n1,2\n', 2)

    assert [row.cells for row in found] == [["a", "b"], ["1", "2"]]
    assert found[-1].end == 13


@pytest.mark.parametrize("seed", range(20))
def test_cuts_anywhere_give_the_same_rows_as_the_whole(seed: int) -> None:
    source = random.Random(seed)
    pieces = ["a", "1", '"', "\n", "\r\n", "é", " ", ",", ""]
    wanted = [["".join(source.choices(pieces, k=source.randrange(6))) for _ in range(3)] for _ in range(30)]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=source.choice(["\n", "\r\n"])).writerows(wanted)
    body = text.getvalue().encode()

    found = rows(body, source.randrange(1, 40))

    assert [text_of(row.cells) for row in found] == wanted
    starts = [0, *(row.end for row in found[:-1])]
    apart = [
        next(csv.reader(io.StringIO(body[start : row.end].decode(), newline="")))
        for start, row in zip(starts, found, strict=True)
    ]
    assert apart == wanted


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'a\n"open\n', "unexpected end of data"),
        (b'a\n"shut"x\n', "expected after"),
        (b"a\n" + b"x" * 200_000 + b"\n", "field limit"),
        (b"a,b\n" + b"x,x," * 5_000_000, "lines of at most"),
        ("a\ngrün\n".encode("latin-1"), "UTF-8"),
        ("a\n1\n".encode("utf-16-le"), "zero byte"),
        (b"a\n\xc3", "UTF-8"),
    ],
    ids=["open quote", "text after a quote", "huge value", "huge line", "latin-1", "utf-16", "cut letter"],
)
def test_refuses_what_is_no_csv_in_utf_8(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidData, match=reason):
        rows(body, 2**20)
