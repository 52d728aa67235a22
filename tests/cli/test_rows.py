"""Rows as people give them to `heirloom predict`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.rows import row_of, rows_of_csv, rows_of_file, rows_of_json, rows_of_text, value_of
from heirloom.core.errors import Invalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("13.2", 13.2),
        ("-4", -4),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("", None),
        ("UA", "UA"),
        ("007", "007"),
        ('"12"', "12"),
        ("NaN", "NaN"),
        ("1e999", "1e999"),
        ("[1]", "[1]"),
        ("2013-01-31 08:00", "2013-01-31 08:00"),
    ],
)
def test_cell_means_what_it_looks_like(text: str, value: object) -> None:
    assert value_of(text) == value


def test_row_is_made_of_its_cells() -> None:
    assert row_of(["alcohol=13.2", "note=a=b", "empty="]) == {"alcohol": 13.2, "note": "a=b", "empty": None}


@pytest.mark.parametrize("cell", ["alcohol", "=13", ""])
def test_cell_needs_column_and_value(cell: str) -> None:
    with pytest.raises(Invalid, match="expected column=value"):
        row_of([cell])


def test_column_is_given_once() -> None:
    with pytest.raises(Invalid, match="twice"):
        row_of(["a=1", "a=2"])


@pytest.mark.parametrize("text", ['{"a": 1}', '[{"a": 1}]', '{"inputs": [{"a": 1}]}'])
def test_json_may_be_a_record_a_list_or_a_request(text: str) -> None:
    assert rows_of_json(text) == [{"a": 1}]


@pytest.mark.parametrize("text", ["{", "3", "[3]", '{"inputs": 3}'])
def test_json_must_hold_records(text: str) -> None:
    with pytest.raises(Invalid, match="expected"):
        rows_of_json(text)


def test_csv_has_a_header() -> None:
    assert rows_of_csv('a,b\n1,x\n,"y, z"\n') == [{"a": 1, "b": "x"}, {"a": None, "b": "y, z"}]


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b\n1\n", "a,b\n1,2,3\n"])
def test_csv_must_hold_rows_as_long_as_the_header(text: str) -> None:
    with pytest.raises(Invalid, match="expected"):
        rows_of_csv(text)


def test_text_says_itself_what_it_is() -> None:
    assert rows_of_text('\n [{"a": 1}]') == rows_of_text("\ufeffa\n1\n") == [{"a": 1}]


def test_file_that_is_not_utf_8_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("région\n1\n".encode("latin-1"))

    with (
        path.open(encoding="utf-8") as file,
        pytest.raises(Invalid, match=r"latin\.csv: expected CSV or JSON in UTF-8"),
    ):
        rows_of_file(file)
