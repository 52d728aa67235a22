"""Requests as rows: every spelling, what is refused in which words, and fast ways that read as the slow ones do."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from heirloom.core.dataset.schema import Schema
from image.answers import CSV, JSON, NPY
from image.inputs import Reader, read_any
from image.refusal import RefusedRequest

NUMBERS = Schema("y", None, "regression", {"a": "number", "b": "number"})
MIXED = Schema("y", None, "regression", {"a": "number", "c": "category", "t": "text"}, (), {"c": ("7", "red")})


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array))
    return stream.getvalue()


def refusal(body: bytes, media_type: str, schema: Schema = NUMBERS) -> RefusedRequest:
    with pytest.raises(RefusedRequest) as refused:
        Reader(schema).read(body, media_type)
    return refused.value


@pytest.mark.parametrize(
    "document",
    [
        {"inputs": [{"a": 1, "b": None}, {"b": 2.5, "a": 3}]},
        {"instances": [[1, None], [3, 2.5]]},
        {"dataframe_records": [{"b": None, "a": 1}, {"a": 3, "b": 2.5}]},
        {"columns": ["b", "a"], "data": [[None, 1], [2.5, 3]]},
        {"inputs": [{"a": 1, "b": None}, [3, 2.5]]},
        [[1, None], {"a": 3, "b": 2.5}],
    ],
)
def test_reads_json_in_any_spelling(document: Any) -> None:
    assert Reader(NUMBERS).read(json.dumps(document).encode(), JSON) == [(1, None), (3, 2.5)]


@pytest.mark.parametrize(
    "body",
    [b"1,-2e1\n3,4.5\n", b"1,-2e1\r\n3,4.5", b"b,a\n-20,1\n4.5,3\n", b'"1",-20\n+3,4.50\n', b"1,-20.\n3,04.5\n"],
)
def test_reads_a_csv_of_numbers_in_the_fast_way_and_in_the_slow_one(body: bytes) -> None:
    assert Reader(NUMBERS).read(body, CSV) == [(1.0, -20.0), (3.0, 4.5)]


@pytest.mark.parametrize("body", [b"1,2\n3\n4,5,6\n", b"1],[2\n", b"1,2,3\n4\n"])
def test_keeps_the_lines_of_a_csv_apart(body: bytes) -> None:
    assert "inputs[" in refusal(body, CSV).errors[0].field


@pytest.mark.parametrize("body", [b"1,true\n", b"1,1e999\n", b"1,[2]\n", b'1,{"x":1}\n', b"1,inf\n"])
def test_refuses_what_is_no_number_in_a_csv(body: bytes) -> None:
    found = refusal(body, CSV)

    assert (found.status, found.errors[0].field) == (422, "inputs[0].b")


def test_reads_missing_cells_of_a_csv_by_their_type() -> None:
    assert Reader(MIXED).read(b"a,c,t\nNA,,\n1,red,NA\n", CSV) == [(None, None, ""), (1.0, "red", "NA")]


def test_reads_whole_numbers_as_the_categories_that_a_csv_has_them_for() -> None:
    reader = Reader(MIXED)

    for _ in range(2):  # the second time the types are known
        assert reader.read(b'[{"a": 1, "c": 7, "t": "x"}, {"a": 1, "c": "7", "t": null}]', JSON) == [
            (1, "7", "x"),
            (1, "7", None),
        ]


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_an_array_of_any_kind_of_number(kind: str, order: Any) -> None:
    rows = Reader(NUMBERS).read(npy(np.array([[1, 2], [3, 4]], dtype=kind, order=order)), NPY)

    assert isinstance(rows, np.ndarray)
    assert rows.tolist() == [[1, 2], [3, 4]]
    assert rows.dtype == np.float64


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"\x93NUMPY", 400, "the body is not an .npy file"),
        (b"nothing", 400, "the body is not an .npy file"),
        (npy([[1.0, 2.0]])[:-1], 400, "15 bytes for the shape (1, 2)"),
        (npy([1.0, 2.0]), 422, "of shape (2,)"),
        (npy([["a", "b"]]), 422, "expected rows of numbers"),
        (npy(np.array([[None, {}]], dtype=object)), 422, "expected rows of numbers"),
        (npy([[1.0, 2.0, 3.0]]), 422, "expected 2 columns, got 3"),
        (npy(np.zeros((0, 2))), 422, "expected at least one row"),
        (npy(np.zeros((4097, 2))), 413, "expected at most 4096 rows, got 4097"),
        (
            npy([[1.0, np.inf], [np.nan, -np.inf]]),
            422,
            "inputs[0].b: expected a number or null, got infinity (and 1 more)",
        ),
    ],
)
def test_refuses_other_arrays(body: bytes, status: int, detail: str) -> None:
    found = refusal(body, NPY)

    assert (found.status, detail in found.detail) == (status, True), found.detail


def test_refuses_an_array_that_claims_to_be_larger_than_it_is() -> None:
    broken = npy([[1.0, 2.0]]).replace(b"(1, 2)", b"(9**9,")
    huge = npy([[1.0, 2.0]]).replace(b"(1, 2), }        ", b"(10000000000, 2)}")
    backwards = npy([[1.0, 2.0]]).replace(b"(1, 2), } ", b"(-1, -2)} ")

    assert [refusal(body, NPY).status for body in (broken, huge, backwards)] == [400, 400, 400]


def test_takes_no_array_for_a_model_of_texts() -> None:
    found = refusal(npy([[1.0, 2.0, 3.0]]), NPY, MIXED)

    assert (
        found.detail == "inputs: expected application/json or text/csv, as c, t are no numbers, got application/x-npy"
    )


def test_refuses_a_category_that_nobody_has_seen_only_where_it_is_to() -> None:
    body = b'[{"a": 1, "c": "blue", "t": "x"}]'
    many = Schema("y", None, "regression", {"c": "category"}, (), {"c": tuple(f"city {n:02}" for n in range(30))})
    accepting = Schema("y", None, "regression", dict(MIXED.features), (), MIXED.categories, "accept")

    expected = 'inputs[0].c: expected a value that training has seen: 7, red, got "blue"'
    assert refusal(body, JSON, MIXED).detail == expected
    assert 'city 09 or 20 others (did you mean city 29?), got "citi 29"' in refusal(b'[["citi 29"]]', JSON, many).detail
    assert "or 20 others, got" in refusal(json.dumps([["x" * 70]]).encode(), JSON, many).detail
    assert Reader(accepting).read(body, JSON) == [(1, "blue", "x")]


def test_words_no_more_errors_than_it_names() -> None:
    """4,096 wrong rows cost no more than twenty: names are guessed for those that are told."""
    rows = [{"a": 1, "bb": 2} for _ in range(4096)]

    found = refusal(json.dumps(rows).encode(), JSON)

    assert (len(found.errors), found.more) == (20, 2 * 4096 - 20)
    assert found.errors[1].detail == "expected only the fields a, b (did you mean b?), got an unknown one"


def test_remembers_the_types_of_few_rows_of_many() -> None:
    wide = Schema("y", None, "regression", {f"n{place}": "number" for place in range(13)})
    reader = Reader(wide)
    rows = [[1 if number >> place & 1 else None for place in range(13)] for number in range(8192)]

    for start in (0, 4096):
        assert len(reader.read(json.dumps(rows[start : start + 4096]).encode(), JSON)) == 4096
    assert reader.read(json.dumps(rows[:1]).encode(), JSON) == [tuple(rows[0])]


def test_reads_any_columns_for_a_baseline_without_a_schema() -> None:
    assert read_any(b'[{"x": 1}, {"y": "z"}]', JSON) == [{"x": 1}, {"y": "z"}]
    assert read_any(b"x,y\n1,z\n", CSV) == [{"x": 1.0, "y": "z"}]
    with pytest.raises(RefusedRequest, match="got 'application/x-npy'"):
        read_any(b"", NPY)
