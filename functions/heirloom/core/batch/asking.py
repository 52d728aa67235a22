"""Asking a model about many rows: a row that it refuses, or fails at, has its reason and stops nobody else's answer.

Called by part.py. A refusal names its rows (``inputs[3].distance``); a failure names none, so ever fewer rows are asked
until it is clear which one it is about.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from heirloom.core.batch.plan import MOST_ROWS_A_REQUEST, Plan
from heirloom.core.errors import Invalid, ModelFailed, Unavailable
from heirloom.core.prediction.answer import Endpoints, answers

LARGEST_REQUEST = 4_000_000
"""Bytes: what a serverless endpoint takes."""
FIRST_ROWS = 1024
"""Rows of the first request; those after it are made as large as are answered in SECONDS_A_REQUEST."""
SECONDS_A_REQUEST = 5.0
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the attempts of one request."""
FAILURES = 2
"""How often one row may make the model fail and is asked again."""
MOST_BLAMED = 100
"""Rows of a part that may fail without being named: with more, it is the model that fails, and not the rows."""
_MANY = 20
"""A server names so many fields at most: where they are as many, more rows may be wrong."""
_NAMED_ROW = re.compile(r"inputs\[(\d+)\](?:\.(.+))?", re.DOTALL)


class Time(Protocol):
    """The standard library's ``time``."""

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Line:
    """A row with its number in the file, from 1; ``cells`` are the file's."""

    number: int
    cells: Sequence[str]


@dataclass
class Outcome:
    """What is known of the rows so far, by row number: the prediction, or why there is none."""

    predictions: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    requests: int = 0
    blamed: int = 0


class Asking:
    """Asks one endpoint about the rows of one part; ``outcome`` fills while it does."""

    def __init__(self, plan: Plan, endpoints: Endpoints, time: Time) -> None:
        self.outcome = Outcome()
        self._plan = plan
        self._endpoints = endpoints
        self._time = time
        self._header = [plan.header[place] for place in plan.sent]

    def ask(self, lines: Sequence[Line]) -> None:
        """Ask about the rows in requests that take about SECONDS_A_REQUEST each.

        Raises Unavailable when the endpoint does not answer, ModelFailed when its model fails at MOST_BLAMED rows.
        """
        shaped = [line for line in lines if not self._misshapen(line)]
        start, size = 0, FIRST_ROWS
        while start < len(shaped):
            began = self._time.monotonic()
            self._ask(shaped[start : start + size])
            start += size
            size = next_size(size, self._time.monotonic() - began)

    def _misshapen(self, line: Line) -> bool:
        """Whether a row is shorter or longer than the header; then it has failed, and its reason has all of it."""
        expected, got = len(self._plan.header), len(line.cells)
        if got != expected:
            row = csv_of([line.cells]).decode().rstrip("\n")
            self.outcome.reasons[line.number] = f"expected {expected} values as in the header, got {got}: {row}"
        return got != expected

    def _ask(self, lines: Sequence[Line]) -> None:
        body = csv_of([self._header, *([line.cells[place] for place in self._plan.sent] for line in lines)])
        if len(body) > LARGEST_REQUEST:
            self._halve(lines, Invalid(f"expected at most {LARGEST_REQUEST} bytes, got {len(body)}"))
            return
        try:
            found = self._patiently(body, len(lines))
        except Invalid as refusal:
            self._sort_out(lines, refusal)
        except ModelFailed as failure:
            self._halve(lines, failure)
        else:
            self.outcome.predictions |= {line.number: answer for line, answer in zip(lines, found, strict=True)}

    def _patiently(self, body: bytes, rows: int) -> Sequence[Mapping[str, Any]]:
        """The answers, after some attempts; of a request that makes the model fail a part is the better attempt."""
        for attempt, pause in enumerate(PAUSES):
            try:
                return self._invoke(body, rows)
            except ModelFailed:
                if rows > 1 or attempt == FAILURES:
                    raise
                self._time.sleep(pause)
            except Unavailable:
                self._time.sleep(pause)
        return self._invoke(body, rows)

    def _invoke(self, body: bytes, rows: int) -> Sequence[Mapping[str, Any]]:
        self.outcome.requests += 1
        endpoint = self._plan.endpoint
        return answers(self._endpoints.invoke(endpoint, body, content_type="text/csv"), rows, endpoint)

    def _sort_out(self, lines: Sequence[Line], refusal: Invalid) -> None:
        """The rows that a refusal names have failed; the others are asked again."""
        reasons = reasons_by_row(refusal, len(lines))
        if not reasons:
            self._halve(lines, refusal)
            return
        self.outcome.reasons |= {lines[place].number: reason for place, reason in reasons.items()}
        rest = [line for place, line in enumerate(lines) if place not in reasons]
        if len(refusal.problems) >= _MANY:
            self._ask_halves(rest)
        elif rest:
            self._ask(rest)

    def _halve(self, lines: Sequence[Line], error: Invalid | ModelFailed) -> None:
        """Find the row that an error is about which names none."""
        if len(lines) > 1:
            self._ask_halves(lines)
            return
        self.outcome.blamed += 1
        if self.outcome.blamed > MOST_BLAMED:
            raise error
        self.outcome.reasons[lines[0].number] = str(error)

    def _ask_halves(self, lines: Sequence[Line]) -> None:
        middle = len(lines) // 2
        for half in (lines[:middle], lines[middle:]):
            if half:
                self._ask(half)


def next_size(size: int, seconds: float) -> int:
    """Rows of the next request, after one of ``size`` rows took so long; at most four times as many."""
    fitting = int(size * SECONDS_A_REQUEST / max(seconds, 0.001))
    return max(1, min(fitting, 4 * size, MOST_ROWS_A_REQUEST))


def reasons_by_row(refusal: Invalid, rows: int) -> dict[int, str]:
    """Why each row that a refusal names was refused; {} when it names none."""
    reasons: dict[int, list[str]] = {}
    for problem in refusal.problems:
        named = _NAMED_ROW.fullmatch(problem.where)
        if named is not None and int(named[1]) < rows:
            told = str(problem).removeprefix(f"{problem.where}: ")
            reasons.setdefault(int(named[1]), []).append(f"{named[2]}: {told}" if named[2] else told)
    return {place: "; ".join(told) for place, told in reasons.items()}


def csv_of(rows: Iterable[Sequence[str]]) -> bytes:
    """CSV in UTF-8, a newline after each row."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
