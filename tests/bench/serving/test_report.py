"""The bench's report, on rounds that nobody had to measure."""

from __future__ import annotations

import pytest

from tests.bench.serving.load import Counts
from tests.bench.serving.measure import CELLS, Round
from tests.bench.serving.report import GOALS, report

NAMES = {"compiled": "Ours, compiled", "scikit-learn": "Ours, scikit-learn", "mlflow": "MLflow"}


def counted(rate: float, *, refused: int = 0, timed_out: int = 0) -> Counts:
    """Two seconds of so many good answers a second."""
    return Counts(2.0, round(2 * rate), refused, timed_out, 0, p50_us=1500, p95_us=2500, p99_us=12345)


def made(peer: str, rates: tuple[float, float] = (700, 700), start: float = 5, memory: float = 450) -> Round:
    """A round with the first rate at 1 client and the second at more."""
    cells = {cell: counted(rates[0] if cell[1] == 1 else rates[1]) for cell in CELLS}
    return Round(peer, start, memory, cells)


def goals(*rounds: Round) -> tuple[list[str], bool]:
    """The goals' lines, and whether all are reached."""
    lines, reached = report(rounds, NAMES, {})
    return [line for line in lines if line.startswith("- ")], reached


def test_every_goal_passes_exactly_at_its_bound() -> None:
    lines, reached = goals(
        made("mlflow"),
        made("compiled", (15 * 700, 40 * 700), start=1, memory=150),
        made("scikit-learn", (1.5 * 700, 10 * 700), start=4, memory=150),
    )

    assert reached
    assert [line.split(":")[0] for line in lines] == ["- pass"] * len(GOALS)
    assert lines[0] == "- pass: compiled, one row, 1 client: 15 x MLflow, goal at least 15"


@pytest.mark.parametrize(
    ("ours", "missed"),
    [
        (made("compiled", (14.9 * 700, 40 * 700), start=1, memory=150), "compiled, one row, 1 client: 14.9 x MLflow"),
        (made("compiled", (15 * 700, 39 * 700), start=1, memory=150), "compiled, one row, 32 clients: 39 x MLflow"),
        (made("compiled", (15 * 700, 40 * 700), start=1.1, memory=150), "compiled, start, s: 1.1"),
        (made("compiled", (15 * 700, 40 * 700), start=1, memory=160), "compiled, memory: 0.356 x MLflow"),
    ],
)
def test_a_missed_goal_is_named_with_what_was_found(ours: Round, missed: str) -> None:
    lines, reached = goals(made("mlflow"), ours)

    assert not reached
    assert [line for line in lines if line.startswith("- FAIL")] == [line for line in lines if missed in line]
    assert any(missed in line for line in lines)


def test_what_was_not_measured_is_neither_passed_nor_missed() -> None:
    lines, reached = goals(made("compiled", start=0.5))

    assert reached
    assert "- pass: compiled, start, s: 0.5, goal at most 1" in lines
    assert lines.count("- not measured: compiled, one row, 1 client") == 1
    assert sum(line.startswith("- not measured") for line in lines) == len(GOALS) - 1


def test_figures_are_the_medians_of_the_rounds() -> None:
    rounds = [made("mlflow"), made("mlflow"), *(made("compiled", (rate, rate)) for rate in (100, 14000, 7000))]

    lines, _ = report(rounds, NAMES, {})

    assert next(line for line in lines if "Ours, compiled" in line).startswith(
        "| Ours, compiled | 7,000 (10x) | 1.5 / 2.5 / 12.3 |"
    )


def test_refused_and_late_requests_are_counted_and_are_no_answers() -> None:
    bad = Round("mlflow", 5, 450, {cell: counted(50, refused=3, timed_out=2) for cell in CELLS})

    lines, _ = report([bad, bad], NAMES, {})

    assert "| MLflow | 200 | 6 | 4 | 0 |" in lines
    assert any(line.startswith("| MLflow | 50.0 (1x) |") for line in lines)


def test_a_server_that_could_not_be_installed_is_named_with_the_reason() -> None:
    lines, _ = report([made("mlflow")], NAMES, {"compiled": "no wheel for this machine"})

    assert "Not measured: Ours, compiled: no wheel for this machine" in lines
