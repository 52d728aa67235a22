"""The rounds as Markdown: medians, ratios against MLflow in the same run, and whether each goal is reached."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.serving.load import TIMEOUT_SECONDS, Counts
from tests.bench.serving.measure import CELLS, Round

ANCHOR = "mlflow"


@dataclass(frozen=True)
class Goal:
    """What issue 3 wants of one server; ``ratio`` against MLflow in the same run, or an absolute figure."""

    text: str
    peer: str
    figure: Callable[[Figures], float]
    bound: float
    at_least: bool
    ratio: bool


class Figures:
    """The medians of one server's rounds."""

    def __init__(self, rounds: Sequence[Round]) -> None:
        self._rounds = rounds
        self.start_seconds = statistics.median(one.start_seconds for one in rounds)
        self.memory_mb = statistics.median(one.memory_mb for one in rounds)

    def rate(self, rows: int, clients: int) -> float:
        """Good answers a second."""
        return self._median(rows, clients, lambda counts: counts.rate)

    def percentiles_ms(self, rows: int, clients: int) -> tuple[float, float, float]:
        """p50, p95 and p99 of the good answers."""
        return (
            self._median(rows, clients, lambda counts: counts.p50_us / 1000),
            self._median(rows, clients, lambda counts: counts.p95_us / 1000),
            self._median(rows, clients, lambda counts: counts.p99_us / 1000),
        )

    def total(self, rows: int, clients: int, name: str) -> int:
        """A count over all rounds."""
        return sum(getattr(one.cells[rows, clients], name) for one in self._rounds)

    def _median(self, rows: int, clients: int, figure: Callable[[Counts], float]) -> float:
        return statistics.median(figure(one.cells[rows, clients]) for one in self._rounds)


GOALS = (
    Goal("compiled, one row, 1 client", "compiled", lambda of: of.rate(1, 1), 15, at_least=True, ratio=True),
    Goal("compiled, one row, 32 clients", "compiled", lambda of: of.rate(1, 32), 40, at_least=True, ratio=True),
    Goal("scikit-learn, one row, 1 client", "scikit-learn", lambda of: of.rate(1, 1), 1.5, at_least=True, ratio=True),
    Goal("scikit-learn, one row, 32 clients", "scikit-learn", lambda of: of.rate(1, 32), 10, at_least=True, ratio=True),
    Goal("compiled, start, s", "compiled", lambda of: of.start_seconds, 1, at_least=False, ratio=False),
    Goal("scikit-learn, start, s", "scikit-learn", lambda of: of.start_seconds, 4, at_least=False, ratio=False),
    Goal("compiled, memory", "compiled", lambda of: of.memory_mb, 1 / 3, at_least=False, ratio=True),
    Goal("scikit-learn, memory", "scikit-learn", lambda of: of.memory_mb, 1 / 3, at_least=False, ratio=True),
)


def report(rounds: Sequence[Round], names: Mapping[str, str], absent: Mapping[str, str]) -> tuple[list[str], bool]:
    """The lines of the report, and whether every goal that could be measured is reached.

    ``names`` of all servers by key, in the tables' order; ``absent`` the reasons of those that could not be measured.
    """
    figures = {key: Figures(own) for key in names if (own := [one for one in rounds if one.peer == key])}
    goals = [verdict(goal, figures) for goal in GOALS]
    lines = [
        *_rates(figures, names, rows=1),
        "",
        *_rates(figures, names, rows=max(rows for rows, _ in CELLS)),
        "",
        *_sizes(figures, names),
        "",
        *_failures(figures, names),
        "",
        *(f"Not measured: {names[key]}: {reason}" for key, reason in absent.items()),
        *(text for text, _ in goals),
    ]
    return lines, all(reached is not False for _, reached in goals)


def verdict(goal: Goal, figures: Mapping[str, Figures]) -> tuple[str, bool | None]:
    """The goal's line; None where what it speaks of was not measured."""
    if goal.peer not in figures or (goal.ratio and ANCHOR not in figures):
        return f"- not measured: {goal.text}", None
    found = goal.figure(figures[goal.peer])
    if goal.ratio:
        found /= goal.figure(figures[ANCHOR])
    reached = found >= goal.bound if goal.at_least else found <= goal.bound
    unit = " x MLflow" if goal.ratio else ""
    wanted = f"{'at least' if goal.at_least else 'at most'} {goal.bound:.3g}"
    return f"- {'pass' if reached else 'FAIL'}: {goal.text}: {found:.3g}{unit}, goal {wanted}", reached


def _rates(figures: Mapping[str, Figures], names: Mapping[str, str], rows: int) -> list[str]:
    crowds = [clients for size, clients in CELLS if size == rows]
    size = "one row" if rows == 1 else f"{rows:,} rows"
    titles = [f"{clients} client{'s' if clients > 1 else ''}" for clients in crowds]
    lines = [f"| {size} a request | " + " | ".join(f"{title}, 1/s | p50 / p95 / p99 ms" for title in titles) + " |"]
    lines.append("|---" * (1 + 2 * len(crowds)) + "|")
    for key, of in figures.items():
        cells = [f"{_rate(of, figures, rows, clients)} | {_percentiles(of, rows, clients)}" for clients in crowds]
        lines.append(f"| {names[key]} | " + " | ".join(cells) + " |")
    return lines


def _rate(of: Figures, figures: Mapping[str, Figures], rows: int, clients: int) -> str:
    rate = of.rate(rows, clients)
    against = f" ({rate / figures[ANCHOR].rate(rows, clients):.2g}x)" if ANCHOR in figures else ""
    return f"{_short(rate)}{against}"


def _percentiles(of: Figures, rows: int, clients: int) -> str:
    return " / ".join(f"{value:.3g}" for value in of.percentiles_ms(rows, clients))


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"


def _sizes(figures: Mapping[str, Figures], names: Mapping[str, str]) -> list[str]:
    lines = ["| | start, s | memory, MB |", "|---|---|---|"]
    for key, of in figures.items():
        against = f" ({of.memory_mb / figures[ANCHOR].memory_mb:.2g}x)" if ANCHOR in figures else ""
        lines.append(f"| {names[key]} | {of.start_seconds:.2f} | {of.memory_mb:.0f}{against} |")
    return lines


def _failures(figures: Mapping[str, Figures], names: Mapping[str, str]) -> list[str]:
    title = f"| one row, 32 clients, all rounds | answered | not 2xx | over {TIMEOUT_SECONDS:g} s | broken |"
    lines = [title, "|---|---|---|---|---|"]
    for key, of in figures.items():
        counts = (f"{of.total(1, 32, name):,}" for name in ("answered", "refused", "timed_out", "broken"))
        lines.append(f"| {names[key]} | " + " | ".join(counts) + " |")
    return lines
