"""One part of a batch: its rows are read, the model is asked, and what it says of each row is written beside the row.

Called by the state machine for each part, again for a part that failed, and without effect for one that is done.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from heirloom.core.batch.asking import Asking, Line, Outcome, Time, csv_of
from heirloom.core.batch.plan import Part, Plan, Receipt, receipt_of
from heirloom.core.errors import Conflict
from heirloom.core.prediction.answer import Endpoints
from heirloom.core.storage import Objects

CSV, JSON = "text/csv", "application/json"


def predict_part(plan: Plan, part: Part, objects: Objects, endpoints: Endpoints, time: Time) -> Receipt:
    """Answer the rows of a part, unless that was done.

    Raises Unavailable when the model can't answer now, Conflict when the file was replaced meanwhile.
    """
    done = receipt_of(plan, part.index, objects)
    if done is not None:
        return done
    began = time.monotonic()
    lines = lines_of(plan, part, objects)
    asking = Asking(plan, endpoints, time)
    asking.ask(lines)
    return _written(plan, part, lines, asking.outcome, round(time.monotonic() - began, 3), objects)


def lines_of(plan: Plan, part: Part, objects: Objects) -> list[Line]:
    """The rows of a part, as they were cut. Raises Conflict when they are others."""
    if not part.rows:
        return []
    text = objects.read_range(plan.source, part.first_byte, part.last_byte).decode()
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    if len(rows) != part.rows:
        raise Conflict(f"part {part.index} of {plan.source.location.uri} has {len(rows)} rows, not {part.rows}")
    return [Line(number, row) for number, row in enumerate(rows, start=part.first_row)]


def result_rows(plan: Plan, lines: Sequence[Line], outcome: Outcome) -> list[list[str]]:
    """The columns that are kept, the prediction, the version: a row for each that was answered."""
    answered = ((line, outcome.predictions[line.number]) for line in lines if line.number in outcome.predictions)
    return [
        [*_kept(plan, line), *(cell_of(answer.get(name)) for name in plan.answers), str(plan.version)]
        for line, answer in answered
    ]


def failed_rows(plan: Plan, lines: Sequence[Line], outcome: Outcome) -> list[list[str]]:
    """The number of the row, the columns that are kept, the reason: a row for each that failed."""
    failed = [line for line in lines if line.number in outcome.reasons]
    return [[str(line.number), *_kept(plan, line), outcome.reasons[line.number]] for line in failed]


def cell_of(value: Any) -> str:
    """A value of a prediction as a CSV cell: a text as it is, else as JSON has it, and nothing for null."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _written(
    plan: Plan, part: Part, lines: Sequence[Line], outcome: Outcome, seconds: float, objects: Objects
) -> Receipt:
    """Write the part's files, the receipt last: where it is, the others are. The first part has the headers."""
    headers = ([plan.result_header()], [plan.failed_header()]) if part.index == 0 else ([], [])
    rows = (result_rows(plan, lines, outcome), failed_rows(plan, lines, outcome))
    bodies = [csv_of([*header, *some]) for header, some in zip(headers, rows, strict=True)]
    receipt = Receipt(
        index=part.index,
        rows=len(lines),
        answered=len(rows[0]),
        failed=len(rows[1]),
        answered_bytes=len(bodies[0]),
        failed_bytes=len(bodies[1]),
        requests=outcome.requests,
        seconds=seconds,
    )
    answered, failed, done = plan.part_files(part.index)
    objects.write(answered, bodies[0], CSV)
    objects.write(failed, bodies[1], CSV)
    objects.write(done, receipt.to_json(), JSON)
    return receipt


def _kept(plan: Plan, line: Line) -> list[str]:
    """Of a row that is too short, empty cells for those that it lacks."""
    return [line.cells[place] if place < len(line.cells) else "" for place in plan.kept]
