"""Files of labels: what is read of them, and what is said of files that are none."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from heirloom.adapters.label_files import StoredLabelFiles, csv_rows, parquet_rows
from heirloom.adapters.memory import MemoryObjects
from heirloom.core.errors import Invalid, InvalidData, Unavailable
from heirloom.core.prediction.label_file import Columns, LabelRow
from heirloom.core.storage import Location, Stored
from tests.parquet import arrow, parquet_of

AT = "2026-11-23T15:10:09.123Z"


def read(body: bytes, key: str = "labels/wine/a.csv", objects: MemoryObjects | None = None) -> list[LabelRow]:
    """The rows of a file as it would be stored."""
    objects = objects or MemoryObjects()
    stored = objects.describe(objects.put("data", key, body))
    return list(StoredLabelFiles(objects).rows(stored))


def parquet(**columns: Any) -> list[LabelRow]:
    return read(parquet_of(columns), "labels/wine/a.parquet")


def test_reads_a_csv_with_its_columns_in_any_order() -> None:
    body = f"\ufeffnote,label,at,id\r\nx,red,{AT},a\r\n,white,,b\r\n".encode()

    assert read(body) == [LabelRow(2, "a", "red", AT), LabelRow(3, "b", "white", None)]


def test_all_that_a_csv_has_is_text_or_nothing() -> None:
    assert read(b"id,label\n007,1\n,true\nc,\n") == [
        LabelRow(2, "007", "1"),
        LabelRow(3, "", "true"),
        LabelRow(4, "c", None),
    ]


def test_a_row_is_told_by_the_line_that_it_begins_on() -> None:
    body = b'id,label,note\na,1,"two\r\nlines"\n\nb,2,"a\n\nb"\nc,3,\n'

    assert [row.line for row in read(body)] == [2, 5, 8]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty file"),
        (b"\n\n", "an empty file"),
        (b"ids,label\na,1\n", r"expected the column id \(did you mean ids\?\), got ids, label"),
        (b"id;label\na;1\n", "expected the column id"),
        (b"id,value\na,1\n", "expected the column label"),
        (b"id,label,id\na,1,b\n", "expected each column once, got id more than once"),
        (b"id,label\na,1\nb\n", "line 3, row: expected 2 values as in the header, got 1"),
        (b"id,label\na,\xe9\n", "UTF-8"),
        ("id,label\na,1\n".encode("utf-16"), "UTF-8"),
        (b'id,label\na,"1\n', "each quote closed"),
    ],
)
def test_a_file_that_is_no_csv_of_labels_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidData, match=reason):
        read(body)


@pytest.mark.parametrize("key", ["labels/wine/a.json", "labels/wine/a", "labels/wine/csv"])
def test_the_name_tells_the_format(key: str) -> None:
    with pytest.raises(InvalidData, match=r"a name that ends in \.csv or \.parquet"):
        read(b"id,label\na,1\n", key)


def test_columns_may_have_other_names() -> None:
    rows = csv_rows([b"prediction,truth,when\na,1,now\n"], Columns("prediction", "truth", "when"))

    assert list(rows) == [LabelRow(2, "a", "1", "now")]


class Counting(MemoryObjects):
    """Says how much was read, and fails from the ``fails``-th read on."""

    def __init__(self, fails: float = float("inf")) -> None:
        super().__init__()
        self.reads: list[int] = []
        self.fails = fails

    def read_range(self, stored: Stored, first: int, last: int) -> bytes:
        if len(self.reads) >= self.fails:
            raise Unavailable("slow down")
        self.reads.append(last - first + 1)
        return super().read_range(stored, first, last)


def test_a_large_csv_is_read_piece_by_piece_as_its_rows_are_taken() -> None:
    objects = Counting()
    body = b"id,label\n" + b"0199-0000-0000-0000-000000000000,red\n" * 50_000
    rows = StoredLabelFiles(objects).rows(objects.describe(objects.put("data", "labels/wine/a.csv", body)))

    next(rows)

    assert len(objects.reads) == 1
    assert sum(1 for _ in rows) == 49_999
    assert (max(objects.reads), sum(objects.reads)) == (2**20, len(body))


@pytest.mark.parametrize("key", ["labels/wine/a.csv", "labels/wine/a.parquet"])
def test_storage_that_fails_is_no_broken_file(key: str) -> None:
    ids = [f"{n:032}" for n in range(50_000)]
    text = "".join(f"{identity},red\n" for identity in ids)
    columns = {"id": ids, "label": ["red"] * len(ids)}
    parquet = key.endswith("parquet") and parquet_of(columns, compression="none", use_dictionary=False)
    body = parquet or f"id,label\n{text}".encode()

    with pytest.raises(Unavailable, match="slow down"):
        read(body, key, Counting(fails=1))


def test_reads_parquet_with_its_columns_in_any_order() -> None:
    rows = parquet(note=[1, 2], label=["red", None], id=["a", "b"])

    assert rows == [LabelRow(1, "a", "red"), LabelRow(2, "b", None)]


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "brotli", "lz4", "none"])
def test_reads_parquet_however_it_is_compressed(compression: str) -> None:
    body = parquet_of({"id": ["a", "b"] * 9, "label": [1, 2] * 9}, compression=compression, row_group_size=5)

    rows = read(body, "labels/wine/a.PARQUET")

    assert [(row.line, row.id, row.label) for row in rows[-2:]] == [(17, "a", 1), (18, "b", 2)]


def test_rows_of_parquet_are_numbered_from_end_to_end() -> None:
    rows = parquet(id=[f"{n}" for n in range(25_000)], label=[1] * 25_000)

    assert [row.line for row in rows] == list(range(1, 25_001))


@pytest.mark.parametrize(
    ("make", "labels"),
    [
        (lambda pa: pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
        (lambda pa: pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
        (lambda pa: pa.array([True, False]), [True, False]),
        (lambda pa: pa.array([3, 2**40]), [3, 2**40]),
        (lambda pa: pa.array([1.5, float("nan")]), [1.5, None]),
        (lambda pa: pa.array([Decimal("1.50"), Decimal("2.00")]), [1.5, 2]),
    ],
)
def test_labels_in_parquet_are_texts_numbers_and_truths(make: Callable[[Any], Any], labels: list[Any]) -> None:
    assert [row.label for row in parquet(id=["a", "b"], label=make(arrow()))] == labels


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_moments_in_parquet_are_stamps_and_utc_without_a_zone(unit: str, zone: str | None) -> None:
    moments = arrow().array([datetime(2026, 11, 23, 15, 10, 9, tzinfo=UTC), None], arrow().timestamp(unit, zone))

    rows = parquet(id=["a", "b"], label=[1, 2], at=moments)

    assert [row.at for row in rows] == ["2026-11-23T15:10:09.000Z", None]


def test_moments_in_parquet_may_be_text_and_are_passed_on_when_they_are_none() -> None:
    absurd = arrow().array([2**50], arrow().timestamp("s"))

    assert [row.at for row in parquet(id=["a", "b"], label=[1, 2], at=[AT, "soon"])] == [AT, "soon"]
    assert parquet(id=["a"], label=[1], at=absurd)[0].at == f"{2**50 * 1000} ms after 1970"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"id": [1], "label": [1]}, "column id: expected text, got int64"),
        ({"id": ["a"], "label": [[1]]}, "column label: expected text, numbers or booleans, got list"),
        ({"id": ["a"], "label": [datetime(2026, 1, 1, tzinfo=UTC)]}, "column label: expected text, numbers"),
        ({"id": ["a"], "label": [1], "at": [5]}, "column at: expected timestamps, or text in ISO 8601, got int64"),
        ({"ids": ["a"], "label": [1]}, r"expected the column id \(did you mean ids\?\)"),
        ({"id": ["a"]}, "expected the column label"),
    ],
)
def test_parquet_with_other_columns_or_types_is_refused(columns: dict[str, list[Any]], reason: str) -> None:
    with pytest.raises(InvalidData, match=reason):
        parquet(**columns)


def test_a_broken_parquet_file_is_refused() -> None:
    body = parquet_of({"id": [f"{n:09}" for n in range(5000)], "label": list(range(5000))}, compression="zstd")

    for broken in (b"", b"id,label\na,1\n", body[:-9], body[: len(body) // 2], body[:200] + b"\0" * 900 + body[1100:]):
        with pytest.raises(InvalidData, match="expected a Parquet file"):
            read(broken, "labels/wine/a.parquet")


def test_says_how_to_get_the_reader_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(Invalid, match=r"pip install 'heirloom\[parquet\]'"):
        read(b"", "labels/wine/a.parquet")


def test_a_csv_needs_no_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert read(b"id,label\na,1\n") == [LabelRow(2, "a", "1")]


def test_the_file_is_the_version_that_is_meant() -> None:
    objects = MemoryObjects()
    first = objects.describe(objects.put("data", "labels/wine/a.csv", b"id,label\na,1\n"))
    objects.put("data", "labels/wine/a.csv", b"id,label\nb,2\n")

    assert [row.id for row in StoredLabelFiles(objects).rows(first)] == ["a"]
    assert first.location == Location("data", "labels/wine/a.csv", "v1")


def test_parquet_on_this_machine_is_read_from_an_open_file(tmp_path: Any) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(parquet_of({"prediction": ["a"], "label": [True]}))

    with file.open("rb") as opened:
        assert list(parquet_rows(opened, Columns(id="prediction"))) == [LabelRow(1, "a", True)]
