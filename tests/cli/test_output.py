"""What people read: durations, sizes, tables."""

from __future__ import annotations

import click
import pytest

from cli.output import Output, clock, elapsed, seconds, size


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (3.26, "3.3 s"), (12.4, "12 s"), (60, "1 min 0 s"), (185.2, "3 min 5 s")]
)
def test_duration_as_people_say_it(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (12_345, "12.3 kB"), (200_000_000, "200 MB"), (5.2e9, "5.2 GB"), (5e12, "5000 GB")],
)
def test_size_as_people_say_it(value: float, text: str) -> None:
    assert size(value) == text


def test_elapsed_is_between_two_moments() -> None:
    assert elapsed("2026-11-23T15:10:09.123Z", "2026-11-23T15:11:09.623Z") == 60.5


def test_no_moment_is_a_dash() -> None:
    assert clock(None) == "-"


def test_table_cuts_nothing_off_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("run", "version", "met"), [("w" * 150, 3, True), ("x", None, False)])

    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["run", "version", "met"]
    assert first.split() == ["w" * 150, "3", "yes"]
    assert second.split() == ["x", "-", "no"]


def test_table_without_rows_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    Output().table(("run",), [])

    assert capsys.readouterr().out == ""


def test_facts_leave_out_what_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    Output().facts([("run", "x"), ("reason", ""), ("version", None), ("rows", 0)])

    assert capsys.readouterr().out == "run:   x\nrows:  0\n"


def test_document_goes_to_stdout_and_notes_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(as_json=True)

    out.note("[beside] the answer")
    out.answer({"a": 1}, lambda: None)

    captured = capsys.readouterr()
    assert captured.out == '{\n  "a": 1\n}\n'
    assert "[beside] the answer" in captured.err


def test_terminal_shows_every_column_of_a_wide_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    columns = ("run", "state", "stage", "started", "version", "reason")

    Output().table(
        columns, [("flight-delay-0123456789abcdef", "failed", "training", "2026-11-23 15:00:00", 3, "r" * 60)]
    )

    lines = click.unstyle(capsys.readouterr().out).splitlines()
    assert lines[0].split() == list(columns)
    assert max(map(len, lines)) <= 80
    assert sum(line.count("r") for line in lines[1:]) == 61  # the reason is whole, and so is "training"
    assert lines[1].startswith("flight-delay-")


def test_narrow_terminal_keeps_the_columns_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "20")

    Output().table(("model", "champion", "owner"), [("flight-delay", 3, "somebody")])

    assert click.unstyle(capsys.readouterr().out).splitlines()[0].split() == ["model", "champion", "owner"]


def test_times_give_way_before_names(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    run = "flight-delay-0123456789ab"

    Output().table(("run", "state", "started", "version"), [(run, "succeeded", "2026-11-23 15:00:00", 3)])

    assert click.unstyle(capsys.readouterr().out).splitlines()[1].split()[:3] == [run, "succeeded", "2026-11-23"]
