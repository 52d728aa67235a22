"""What commands say of things that they got from AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.api import problem
from cli.run import readable
from cli.sample import look
from cli.waiting import event_line
from heirloom.core.errors import Denied, HeirloomError, Invalid, InvalidData, NotFound, Unavailable
from heirloom.core.lineage import Event

STARTED = "2026-11-23T15:00:00.000Z"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (403, Denied),
        (404, NotFound),
        (413, Invalid),
        (422, Invalid),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_status_of_the_api_is_one_of_our_errors(status: int, kind: type[HeirloomError]) -> None:
    error = problem(status, {"type": "about:blank", "title": "x", "status": status, "detail": "so it is"})

    assert type(error) is kind
    assert "so it is" in str(error)


def test_every_field_that_the_api_refuses_is_named() -> None:
    fields = [
        {"field": "inputs[0].hue", "detail": "expected a number"},
        {"field": "inputs[1].ash", "detail": "missing"},
    ]

    error = problem(422, {"detail": "the first of them", "errors": fields})

    assert str(error).splitlines()[1:] == ["  inputs[0].hue: expected a number", "  inputs[1].ash: missing"]


def test_answer_that_is_no_problem_document_is_told_by_its_status() -> None:
    assert str(problem(502, ["surprise"])) == "the API answered 502: status 502"


def test_event_tells_when_and_what() -> None:
    event = Event("2026-11-23T15:00:12.400Z", "dataset", "done", {"dataset": "ab12", "rows": 178, "bytes": 12_261})

    assert event_line(event, STARTED) == "dataset   done 12 s into the run: dataset ab12, rows 178"


def test_failure_tells_the_first_line_of_its_reason() -> None:
    event = Event("2026-11-23T15:00:01.000Z", "training", "failed", {"error": "X", "reason": "first\nsecond"})

    assert event_line(event, STARTED) == "training  failed 1.0 s into the run: reason first"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"level": "WARNING", "message": "two\\nlines", "run_id": "x"}', "WARNING two\n    lines"),
        ("plain", "plain"),
        ('{"no": "message"}', '{"no": "message"}'),
        ("[1]", "[1]"),
    ],
)
def test_json_log_is_shown_as_level_and_message(line: str, shown: str) -> None:
    assert readable(line) == shown


def test_label_is_looked_for_by_its_name_then_from_the_last_column(tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text("class,size,kind\n" + "a,1.5,x\nb,2.5,y\n" * 3)

    assert [column.name for column in look(file).candidates] == ["class", "kind", "size"]


@pytest.mark.parametrize("content", [b"", b"a,b\n\xff\xfe,1\n"])
def test_file_that_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.csv"
    file.write_bytes(content)

    with pytest.raises(InvalidData, match="expected a CSV file in UTF-8 with a header line"):
        look(file)
