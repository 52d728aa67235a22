"""What an uploaded CSV may hold: core/dataset/schema.py and core/dataset/csv_stream.py."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from heirloom.core.dataset.schema import MOST_CATEGORIES, MOST_CLASSES, Schema, Summary, inspect
from heirloom.core.errors import InvalidData
from heirloom.core.project.definition import Data

ROWS = [f"{place},{'AA' if place % 3 else 'UA'},{place % 2}" for place in range(12)]
CSV = "\n".join(["distance,carrier,late", *ROWS]) + "\n"
SENTENCE = "A wine with a note of cherries and smoke"


def look(content: str | bytes, size: int = 10_000, **data: Any) -> Summary:
    body = content.encode() if isinstance(content, str) else content
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return inspect(chunks, Data(**{"label": "late", "task": "classification", **data}))


def refusal(content: str | bytes, **data: Any) -> str:
    with pytest.raises(InvalidData) as refused:
        look(content, **data)
    assert refused.value.problems
    return str(refused.value)


def table(header: str, *rows: str) -> str:
    """A file of twelve rows or more, made of these again and again."""
    return "\n".join([header, *(rows * 12)]) + "\n"


def test_infers_the_columns_of_a_file() -> None:
    summary = look(CSV)

    features = {"distance": "number", "carrier": "category"}
    schema = Schema("late", None, "classification", features, (0, 1), {"carrier": ("AA", "UA")})
    assert summary == Summary(12, 0, len(CSV), hashlib.sha256(CSV.encode()).hexdigest(), schema)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_sees_the_same_whatever_the_chunks(size: int) -> None:
    content = 'distance,carrier,late\r\n1,"Ü, ""ber""\r\nalles",1\r\n\r\n' + "2,ö,0\r\n" * 12

    assert look(content, size) == look(content)
    assert look(content).rows == 13


@pytest.mark.parametrize("content", [CSV.replace("\n", "\r\n"), CSV.replace("\n", "\r"), CSV[:-1], "\n\n" + CSV])
def test_reads_every_line_end(content: str) -> None:
    assert look(content).schema == look(CSV).schema


def test_drops_the_byte_order_mark_of_a_spreadsheet() -> None:
    assert list(look(b"\xef\xbb\xbf" + CSV.encode()).schema.features) == ["distance", "carrier"]


def test_takes_the_declared_features_in_their_order_and_no_others() -> None:
    schema = look(CSV, features={"carrier": "text", "distance": "category"}).schema

    assert list(schema.features.items()) == [("carrier", "text"), ("distance", "category")]


def test_takes_no_time_column_for_a_feature_unless_it_is_declared_one() -> None:
    assert list(look(CSV, time="distance").schema.features) == ["carrier"]
    assert look(CSV, time="distance", features={"distance": "number"}).schema.features == {"distance": "number"}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2.5", "+3e-2", ".5", "7."], "number"),
        (["1", "", "NA", "nan", "null", "2"], "number"),
        ([" 1", "2 "], "number"),
        (["1", "two"], "category"),
        (["1_000", "2"], "category"),
        (["inf", "2"], "category"),
        (["1e999", "2"], "category"),
        (["1.2.3", "2"], "category"),
        (["\N{ARABIC-INDIC DIGIT ONE}", "2"], "category"),
        (['"1,5"', "2"], "category"),
        (["true", "false"], "category"),
        (["New York", ""], "category"),
        ([SENTENCE, ""], "text"),
        (["x" * 41, ""], "text"),
    ],
)
def test_infers_a_type(values: list[str], kind: str) -> None:
    rows = [f"{value},{place % 2}" for place, value in enumerate(values * 6)]

    assert look("\n".join(["a,late", *rows])).schema.features == {"a": kind}


def test_changes_its_mind_about_a_type_when_later_rows_say_otherwise() -> None:
    numbers = "".join(f"{place},{place % 2}\n" for place in range(60_000))

    assert look("a,late\n" + numbers).schema.features == {"a": "number"}
    assert look("a,late\n" + numbers + f"{SENTENCE},1\n").schema.features == {"a": "category"}


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["true", "FALSE"], (False, True)),
        (["True", "0"], (False, True)),
        (["0", "1"], (0, 1)),
        (["1.0", "0.0", ""], (0, 1)),
        (["3", "-1", "10"], (-1, 3, 10)),
        (["01", "02"], ("01", "02")),
        (["b", " a ", "NA"], ("a", "b")),
        (["1", "x"], ("1", "x")),
    ],
)
def test_finds_the_classes_of_a_label(labels: list[str], classes: tuple[object, ...]) -> None:
    summary = look("\n".join(["a,late", *(f"x,{label}" for label in labels * 12)]))

    assert summary.schema.classes == classes
    assert [type(label) for label in summary.schema.classes] == [type(label) for label in classes]
    assert summary.unlabelled == 12 * sum(label in ("", "NA") for label in labels)


def test_reads_a_label_as_its_class() -> None:
    schema = Schema("late", None, "classification", {}, (False, True))

    assert [schema.label_of(text) for text in ("TRUE", " 0", "", "NA")] == [True, False, None, None]


def test_remembers_the_categories_of_the_whole_file_but_the_missing_one() -> None:
    content = "a,b,late\n" + "Bern,1,1\n,2,0\n" * 12 + "NA,3,1\n"

    schema = look(content, size=20, unseen="accept").schema

    assert schema.categories == {"a": ("Bern", "NA")}
    assert schema.unseen == "accept"


@pytest.mark.parametrize("cell", ["value{}", "x" * 110 + "{}"])
def test_remembers_no_categories_of_a_column_that_has_too_many(cell: str) -> None:
    values = [cell.format(place) for place in range(MOST_CATEGORIES + 1)]
    content = "a,late\n" + "".join(f"{value},{place % 2}\n" for place, value in enumerate([*values, *values]))

    schema = look(content, features={"a": "category"}).schema

    assert schema.categories == {}
    assert schema.to_document()["features"] == [{"name": "a", "type": "category", "categories": None}]
    assert Schema.from_document(schema.to_document()) == schema


def test_takes_a_schema_of_before_categories_were_remembered() -> None:
    document = look(CSV).schema.to_document()
    del document["unseen"], document["features"][1]["categories"]

    schema = Schema.from_document(document)

    assert (schema.categories, schema.unseen) == ({}, "refuse")


def test_gives_the_same_schema_back_from_its_document() -> None:
    schema = look(CSV, time="distance").schema

    assert Schema.from_document(json.loads(json.dumps(schema.to_document()))) == schema


def test_takes_the_label_of_a_regression_for_a_number() -> None:
    summary = look(table("a,late", "x,1.5", "y,"), task="regression")

    assert summary.schema.classes == ()
    assert summary.unlabelled == 12


@pytest.mark.parametrize(
    "times",
    [
        ["2013-01-31", "2013-02-01"],
        ["2013-01-31T10:00:00Z", "2013-01-31 10:00:00.5+02:00"],
        ["1359590400", "1359590401.5"],
    ],
)
def test_takes_times_in_iso_8601_or_as_numbers(times: list[str]) -> None:
    assert look(table("late,t,a", f"1,{times[0]},x", f"0,{times[1]},y"), time="t").schema.time == "t"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "file: expected a header and rows, got an empty file"),
        ("\n\n", "file: expected a header and rows, got an empty file"),
        ("a,late\n", "file: expected at least 10 rows below the header, got the header only"),
        ("a,late\n" + "x,1\n" * 9, "file: expected at least 10 rows below the header, got 9"),
        ("a,late\n" + "x,1\n" * 9 + "x,\n" * 9, "column late: expected labels in at least 10 rows, got 9"),
        (table("a,late", "x,"), "column late: expected labels in at least 10 rows, got 0"),
        (table("a,late", "x,1"), "column late: expected at least two different labels, got 1 in every row"),
        (table("a,late", "x,yes"), "column late: expected at least two different labels, got 'yes' in every row"),
        (table("a,a,b,b,late", "x,y,z,x,1"), "line 1, header: expected each column once, got a, b more than once"),
        (table("a,,late", "x,y,1"), "line 1, header: expected a name for each column, got none for column 2"),
        (table("late", "1"), "line 1, header: expected columns to predict from beside the label, got late"),
        (table("a,lat", "x,1"), "header: expected a column late (did you mean lat?), got the columns a, lat"),
        (
            table("a;late", "x;1"),
            "header: expected a column late and commas between the columns, got the columns a;late",
        ),
        (table(",".join("abcdefgh" * 20), "x"), "more than once"),
        (
            table("a,b,late", "x,,1", "y,,0"),
            "column b: expected values (or other columns in data.features), got none in",
        ),
        (table("a,late", "x,1", "y"), "line 3, row: expected 2 values as in the header, got 1"),
        (table("a,late", "x,1", "", '"y\n\r\nz",1', "y,1,2"), "line 7, row: expected 2 values as in the header, got 3"),
        (table("a,late", 'x"y,1', '"x"y,1'), "line 3, row: expected a row of CSV (each quote closed, no value above"),
        (table("a,late", "x,1") + '"x,1', "line 14, row: expected a row of CSV (each quote closed, no value above 1"),
        (CSV.encode() + b"1,caf\xe9,1\n", f"the byte 0xe9 at byte offset {len(CSV) + 5}"),
        (CSV.encode() + b"1,caf\xc3", f"the byte 0xc3 at byte offset {len(CSV) + 5}"),
        (CSV.encode("utf-16"), "file: expected UTF-8 text (save it as CSV UTF-8), got the byte 0xff at byte offset 0"),
        (CSV.encode("utf-16-le"), "file: expected UTF-8 text, got a zero byte, as in UTF-16 or in a binary file"),
    ],
)
def test_refuses_a_file_with_the_reason(content: str | bytes, message: str) -> None:
    assert message in refusal(content)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_counts_the_bytes_before_a_wrong_one_whatever_the_chunks(size: int) -> None:
    body = "a,late\né,1\n".encode() + b"\xff,1\n"

    with pytest.raises(InvalidData, match="byte offset 12"):
        look(body, size)


@pytest.mark.parametrize(
    ("data", "row", "message"),
    [
        ({"features": {"a": "number"}}, "far,1,2013", "line 14, column a: expected a number, got 'far'"),
        ({"features": {"b": "number"}}, "1,1,2013", "header: expected a column b, got the columns a, late, t"),
        ({"time": "t"}, "1,1,", "line 14, column t: expected a time as a number, like in the rows before, got ''"),
        ({"time": "t"}, "1,1,2013-01-01", "expected a time as a number, like in the rows before, got '2013-01-01'"),
        ({"time": "when"}, "1,1,2013", "header: expected a column when, got the columns a, late, t"),
        ({"task": "regression"}, "1,high,2013", "line 14, column late: expected a number, got 'high'"),
    ],
)
def test_names_the_line_the_column_and_the_value_of_a_wrong_type(data: Any, row: str, message: str) -> None:
    assert message in refusal(table("a,late,t", "1,1,2013") + row + "\n", **data)


def test_wants_all_times_in_iso_8601_where_the_first_is() -> None:
    message = refusal(table("a,late,t", "1,1,2013-01-01", "1,0,January"), time="t")

    assert message == "line 3, column t: expected a time in ISO 8601, such as 2013-01-31T17:45:00Z, got 'January'"


def test_tells_the_first_wrong_value_of_each_column() -> None:
    rows = ["1,1,1", "1,0,1"] * 6 + ["1,1,far", "wide,1,far"]

    message = refusal("\n".join(["a,late,b", *rows]), features={"a": "number", "b": "number"})

    assert message.splitlines() == [
        "line 14, column b: expected a number, got 'far'",
        "line 15, column a: expected a number, got 'wide'",
    ]


def test_shortens_a_long_header_in_its_message() -> None:
    assert refusal(table(",".join(f"column_{place}" for place in range(100)), "x")).endswith("...")


def test_takes_a_label_of_a_thousand_values_for_a_quantity() -> None:
    rows = [f"x,{place}.5" for place in range(MOST_CLASSES + 1)]

    assert "(for a quantity, choose a metric of regression)" in refusal("\n".join(["a,late", *rows]))


def test_refuses_a_line_without_an_end() -> None:
    def endless() -> Iterator[bytes]:
        yield b"a,late\n"
        while True:
            yield b"x" * 2**22

    with pytest.raises(InvalidData, match="lines of at most 16777216 characters"):
        inspect(endless(), Data("late", "classification"))


def test_needs_no_more_memory_for_a_larger_file() -> None:
    row = b'1,"a note, of some length, about nothing at all",2013-01-01T10:00:00Z,'

    def peak(blocks: int) -> int:
        chunks = (b"a,note,t,late\n", *[b"".join(row + b"%d\n" % (place % 2) for place in range(500))] * blocks)
        tracemalloc.start()
        inspect(chunks, Data("late", "classification", "t"))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(180) < 1.2 * peak(60)
