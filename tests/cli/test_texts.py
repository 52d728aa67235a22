"""What commands say of things that they got from AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.api import problem
from cli.demo import farewell
from cli.output import Output
from cli.progress import Steps
from cli.run_view import readable, show_detail, show_end
from cli.sample import look
from cli.waiting import consequence, event_line
from heirloom.core.errors import Denied, HeirloomError, Invalid, InvalidData, NotFound, Unavailable
from heirloom.core.lineage.graph import Event
from heirloom.core.run.runs import FAILED, Run, RunDetail

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


def test_problem_that_many_rows_share_is_one_line() -> None:
    fields = [{"field": f"inputs[{row}].target", "detail": "unknown field"} for row in range(3)]
    fields.append({"field": "inputs[0].ash", "detail": "missing"})

    assert str(problem(422, {"errors": fields})).splitlines()[1:] == [
        "  target: unknown field, in 3 rows",
        "  inputs[0].ash: missing",
    ]


def test_answer_with_the_most_problems_says_that_there_may_be_more() -> None:
    fields = [{"field": f"inputs[{row}].target", "detail": "unknown field"} for row in range(20)]

    assert str(problem(422, {"errors": fields})).splitlines()[1:] == ["  target: unknown field, in 20 or more rows"]


def test_answer_that_is_no_problem_document_is_told_by_its_status() -> None:
    assert str(problem(502, ["surprise"])) == "the API answered 502: status 502"


def test_event_tells_when_and_what() -> None:
    event = Event("2026-11-23T15:00:12.400Z", "dataset", "done", {"dataset": "ab12", "rows": 178, "bytes": 12_261})

    assert event_line(event, STARTED) == "dataset   done 12 s into the run: dataset ab12, rows 178"


def test_failure_leaves_its_reason_to_the_end() -> None:
    event = Event("2026-11-23T15:00:01.000Z", "training", "failed", {"error": "X", "reason": "first\nsecond"})

    assert event_line(event, STARTED) == "training  failed 1.0 s into the run"


def ended(stage: str, reason: str, **detail: str) -> RunDetail:
    """A run that failed."""
    run = Run("r1", "wine", FAILED, stage, STARTED, "2026-11-23T15:00:09.000Z", reason=reason)
    events = (Event("2026-11-23T15:00:09.000Z", stage, "failed", {"reason": reason, **detail}),)
    return RunDetail(run, {"key": "wine/w.csv", "size": 12}, events, None, None, None)


def test_refused_file_is_said_to_be_in_quarantine(capsys: pytest.CaptureFixture[str]) -> None:
    detail = ended("dataset", "line 3: expected a number", moved_to="quarantine/wine/w.csv")

    show_end(Output(), detail)
    show_detail(Output(), detail)

    shown = capsys.readouterr().out
    moved = "the file was moved to quarantine/wine/w.csv; quarantine/wine/w.csv.reason.json beside it says why"
    assert shown.splitlines()[:2] == [
        "run r1 failed in the stage dataset after 9.0 s: line 3: expected a number",
        moved,
    ]
    assert shown.count(moved) == 2


def test_run_that_a_stop_has_ended_asks_for_the_file_again() -> None:
    reason = "the execution ended as FAILED: States.ServiceRestart"

    assert consequence(ended("training", reason)) == (
        "the embedded AWS was stopped while it ran: upload the file again"
    )


def test_other_failures_say_nothing_of_the_file() -> None:
    assert consequence(ended("training", "model.py raised")) == ""


def test_command_is_activated_first_where_it_is_not_on_the_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Output()
    for found in (None, "/usr/bin/heirloom"):
        monkeypatch.setattr("shutil.which", lambda name, found=found: found)
        farewell(out, Steps(out.notes), "r1")

    shown = capsys.readouterr().out
    assert shown.splitlines()[1].split()[:2] == ["source", ".venv/bin/activate"]
    assert shown.count("activate") == 1


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
