"""`heirloom drift`: whether what a model is asked, and what it answers, is still what it was trained on."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cli.options import connected
from cli.output import Output
from cli.ports import Ports
from cli.session import Session
from heirloom.core.clock import stamp, utc_now
from heirloom.core.drift.picture import HEADS, began, cells, picture, verdict
from heirloom.core.drift.profiles import Profiles
from heirloom.core.drift.show import show_drift


@click.group()
def drift() -> None:
    """Drift: what a model is asked and answers now, beside its training."""


@drift.command("show")
@click.argument("model")
@click.option("--version", type=click.IntRange(1), help="Of this version; else of the champion.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Of this day, such as 2026-11-28, in UTC; else today.")
@click.option(
    "--out",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture (.html) or all of it (.json).",
)
@connected
def show_command(
    out: Output, session: Session, model: str, *, version: int | None, day: datetime | None, file: Path | None
) -> None:
    """Show which columns of MODEL have drifted, since when, and how much each matters.

    No labels are needed. docs/drift.md says when a column counts as drifted, and what the numbers are.
    """
    if file and file.suffix not in (".html", ".json"):
        raise click.UsageError(f"--out: expected a file that ends with .html or .json, got {file}")
    ports, now = Ports(session), utc_now()
    document = show_drift(
        model,
        version,
        f"{day or now:%Y-%m-%d}",
        stamp(now),
        routes=ports.routes,
        lineage=ports.lineage,
        profiles=Profiles(ports.lineage, ports.objects),
        watches=ports.watches,
    )
    if file:
        file.write_text(picture(document) if file.suffix == ".html" else json.dumps(document, indent=2), "utf-8")
    out.answer(document, lambda: _show(out, document, file))


def _show(out: Output, document: dict[str, Any], file: Path | None) -> None:
    columns = document["columns"]
    out.facts([("model", f"{document['model']} version {document['version']}"), ("rows", document["rows"])])
    out.say(verdict(document)[1])
    for column in columns:
        for sentence in began(column):
            out.say(sentence)
    out.say()
    rows = [(column["name"], "drifted" if column["drifted"] else "", *cells(column)) for column in columns]
    out.table((HEADS[0], "", *HEADS[1:]), rows)
    if file:
        out.note(f"written: {file}")
