"""`heirloom predict`: ask a model for predictions, as an application does: through API Gateway, signed."""

from __future__ import annotations

from typing import Any, TextIO

import click

from cli.api import call
from cli.options import connected
from cli.output import Output
from cli.rows import Row, row_of, rows_of_file, rows_of_json
from cli.session import Session
from heirloom.core.prediction.request import MOST_ROWS


@click.command()
@click.argument("model")
@click.argument("cells", nargs=-1, metavar="[COLUMN=VALUE]...")
@click.option("--row", multiple=True, metavar="COLUMN=VALUE...", help="A row, column by column.")
@click.option("--input", "text", metavar="JSON", help="A record, or a list of records.")
@click.option("--file", type=click.File(encoding="utf-8"), help="Records in CSV (with a header) or JSON; - for stdin.")
@connected
def predict(
    out: Output,
    session: Session,
    *,
    model: str,
    cells: tuple[str, ...],
    row: tuple[str, ...],
    text: str | None,
    file: TextIO | None,
) -> None:
    """Ask MODEL's champion for predictions through the API.

    \b
    heirloom predict wine --row alcohol=13.2 hue=1.05
    heirloom predict wine --input '{"alcohol": 13.2, "hue": 1.05}'
    heirloom predict wine --file rows.csv
    """
    given = [bool(cells or row), text is not None, file is not None]
    if sum(given) != 1:
        raise click.UsageError("give the rows by one of --row COLUMN=VALUE..., --input JSON and --file FILE")
    rows = rows_of_json(text) if text is not None else rows_of_file(file) if file else [row_of((*row, *cells))]
    answer = ask(session, model, rows)
    out.answer(answer, lambda: show(out, answer))


def ask(session: Session, model: str, rows: list[Row]) -> dict[str, Any]:
    """The API's answer; of more rows than one request takes, the answers put together."""
    requests = [rows[start : start + MOST_ROWS] for start in range(0, len(rows), MOST_ROWS)] or [rows]
    answers = [call(session, "POST", f"/models/{model}/predictions", {"inputs": each}) for each in requests]
    return {**answers[-1], "predictions": [one for answer in answers for one in answer["predictions"]]}


def show(out: Output, answer: dict[str, Any]) -> None:
    """A line a prediction, and the version that answered."""
    columns = ("label", "probability", "value")
    predictions = answer["predictions"]
    shown = [column for column in columns if any(column in one for one in predictions)]
    out.table([*shown, "id"], [[*(one.get(column) for column in shown), one["id"]] for one in predictions])
    out.note(f"{answer['model']}, version {answer['version']}")
