"""`heirloom feedback`: tell a model what really happened, label by label or by the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from cli.feedback_file import STDIN, rows_of, typed
from cli.feedback_send import Sent, as_file, asking, await_result, send_rows, through_api, until_known
from cli.options import connected
from cli.output import Output
from cli.ports import Ports
from cli.session import Session
from heirloom.core.clock import utc_now
from heirloom.core.errors import Invalid, InvalidData, NotFound, Problem, Unavailable
from heirloom.core.prediction.label_file import Columns, LabelRow
from heirloom.core.prediction.label_report import REFUSED
from heirloom.core.prediction.told import MOST_LABELS, labels_of

SHOWN = 20
"""Of unknown ids and wrong rows, so many are shown to people."""
COUNTS = ("accepted", "corrected", "repeated", "unknown", "wrong")
USUAL = Columns()


@click.command()
@click.argument("model")
@click.argument("labels", nargs=-1, metavar="[ID=LABEL]...")
@click.option("--file", metavar="FILE", help="Labels in CSV (with a header), JSON or Parquet; - for stdin.")
@click.option("--id-column", default=USUAL.id, show_default=True, help="The column of the predictions' ids.")
@click.option("--label-column", default=USUAL.label, show_default=True, help="The column of the labels.")
@click.option("--at-column", default=USUAL.at, show_default=True, help="The column of when a label became known.")
@click.option(
    "--wait", type=click.FloatRange(0), default=30, show_default=True, help="Seconds to try unknown ids again."
)
@click.option("--s3", is_flag=True, help="Upload FILE for the stack to read, and wait for its result.")
@click.option("--dry-run", is_flag=True, help="Look through the labels and send nothing.")
@connected
def feedback(  # noqa: PLR0913 - click passes each option
    out: Output,
    session: Session,
    *,
    model: str,
    labels: tuple[str, ...],
    file: str | None,
    id_column: str,
    label_column: str,
    at_column: str,
    wait: float,
    s3: bool,
    dry_run: bool,
) -> None:
    """Tell MODEL what really happened: the labels of its predictions, by their ids.

    \b
    heirloom feedback wine 0199a3c4-...=red 0199a3c5-...=white
    heirloom feedback wine --file labels.csv
    heirloom feedback wine --file labels.parquet --s3

    The first label of a prediction counts; one that became known later corrects it. Sent again, a label counts nothing
    twice. Exit code 1 when predictions stay unknown or labels are wrong.
    """
    columns = Columns(id_column, label_column, at_column)
    if bool(labels) == (file is not None):
        raise click.UsageError("give the labels by either ID=LABEL... or --file FILE")
    if s3:
        path = _for_s3(file, columns)
    if s3 and not dry_run:
        conclude_file(out, await_result(out, Ports(session), as_file(out, session, model, path)))
        return
    rows = typed(labels) if file is None else rows_of(file, columns)
    if not rows:
        raise InvalidData(f"{file}: expected labels, got none")
    if dry_run:
        look_through(out, model, rows)
    else:
        conclude(out, model, rows, through_api(out, session, model, rows, wait))


def tell(session: Session, model: str, labels: Iterable[Mapping[str, Any]], wait: float = 30) -> None:
    """Send ``{"id", "label"}`` as the API takes them, for a command that has asked for the predictions itself.

    Raises Unavailable when some are unknown after ``wait`` seconds, Invalid when some are no labels of this model.
    """
    rows = [LabelRow(number, **label) for number, label in enumerate(labels, start=1)]
    ask = asking(session, model)
    sent = until_known(send_rows(rows, ask, lambda _: None), ask, wait)
    if sent.share.problems:
        raise Invalid("\n".join(map(str, sent.share.problems)), sent.share.problems)
    if sent.unknown:
        raise Unavailable(f"{len(sent.unknown)} predictions of {model} are not in their table after {wait:.0f} s")


def _for_s3(file: str | None, columns: Columns) -> Path:
    """The file, if the stack can read it as it is."""
    if file is None or file == STDIN or Path(file).suffix.lower() not in (".csv", ".parquet"):
        raise click.UsageError("--s3 needs a --file whose name ends in .csv or .parquet")
    if columns != USUAL:
        raise click.UsageError("--s3 sends the file as it is: its columns have to be named id, label and at")
    if not Path(file).is_file():
        raise NotFound(f"{file}: there is no such file")
    return Path(file)


def look_through(out: Output, model: str, rows: list[LabelRow]) -> None:
    """Say what would be sent, and what is wrong with it as far as that is known without the predictions."""

    def check(told: list[dict[str, Any]]) -> dict[str, Any]:
        labels_of({"labels": told}, utc_now())
        return {"accepted": 0, "corrected": 0, "unknown": ()}

    found = send_rows(rows, check, lambda _: None).share
    facts = {
        "model": model,
        "rows": len(rows),
        "predictions": len({str(row.id) for row in rows}),
        "requests": -(-len(rows) // MOST_LABELS),
        "wrong": found.wrong,
    }
    out.answer(
        {**facts, "problems": [asdict(each) for each in found.problems]},
        lambda: _show_plan(out, facts, found.problems),
    )
    if found.wrong:
        raise click.exceptions.Exit(1)


def _show_plan(out: Output, facts: dict[str, Any], problems: Sequence[Problem]) -> None:
    out.facts(facts.items())
    for problem in problems[:SHOWN]:
        out.say(f"  {problem}")
    out.note("nothing was sent")


def conclude(out: Output, model: str, rows: list[LabelRow], sent: Sent) -> None:
    """Print what became of the labels; exit code 1 when it is not all good."""
    unknown = [row.id for row in sent.unknown]
    _end(out, {"model": model, "rows": len(rows), **asdict(sent.share), "unknown_ids": list(dict.fromkeys(unknown))})


def conclude_file(out: Output, result: dict[str, Any]) -> None:
    """Print the result of a file; exit code 1 when it is not all good."""
    if result["state"] == REFUSED:
        raise InvalidData(f"{result['key']}: {result['reason']}")
    _end(out, result)


def _end(out: Output, document: dict[str, Any]) -> None:
    out.answer(document, lambda: _show(out, document))
    if document["unknown"] or document["wrong"]:
        raise click.exceptions.Exit(1)


def _show(out: Output, document: dict[str, Any]) -> None:
    told = ", ".join(f"{document[name]} {name}" for name in COUNTS if document[name])
    out.say(f"{document['rows']} labels: {told or 'none counted'}")
    for problem in document["problems"][:SHOWN]:
        out.say(f"  {Problem(**problem)}")
    for identity in document.get("unknown_ids", ())[:SHOWN]:
        out.say(f"  unknown: {identity}")
    more = len(document.get("unknown_ids", ())) - SHOWN
    if more > 0:
        out.say(f"  and {more} more unknown ones: --json lists them all")
    if document.get("unknown_file"):
        out.say(f"  the unknown ones: {document['unknown_file']}")
