"""What an import says: of what it would do, and of what it has done."""

from __future__ import annotations

from typing import Any

import click

from cli.importing.destination import DONE
from cli.importing.options import Options
from cli.importing.plan import Plan, is_done
from cli.importing.records import digest
from cli.importing.tally import KINDS, STATES, Tally
from cli.output import Output, size

SHOWN = 20
"""Of failures, so many are shown to people."""


def tell_plan(out: Output, source: str, plan: Plan, options: Options) -> None:
    """What a plan would do, and that nothing was done."""
    registered = [
        target.there is not None and target.there.get(DONE) == digest(target.model) for target in plan.registry
    ]
    done = {
        "experiments": [target.known for target in plan.targets],
        "runs": [is_done(run, placed, options.artifacts) for run, placed in plan.runs],
        "logged_models": [is_done(model, placed, options.artifacts) for model, placed in plan.models],
        "registered_models": registered,
    }
    document = {"source": source} | {
        kind: {"to_import": states.count(False), "unchanged": states.count(True)} for kind, states in done.items()
    }

    def show() -> None:
        out.say(f"from {source}")
        rows = [(kind.replace("_", " "), states.count(False), states.count(True)) for kind, states in done.items()]
        out.table(("", "to import", "unchanged"), [row for row in rows if any(row[1:])])
        out.note("nothing was imported")

    out.answer(document, show)


def tell(out: Output, source: str, tally: Tally) -> None:
    """What became of everything; exit code 1 when something failed."""
    document = {"source": source, **tally.to_document()}
    out.answer(document, lambda: _show(out, document))
    if tally.failures:
        raise click.exceptions.Exit(1)


def _show(out: Output, document: dict[str, Any]) -> None:
    out.say(f"from {document['source']}")
    rows = [(kind, *(document[kind.replace(" ", "_")][state] for state in STATES)) for kind in KINDS]
    out.table(("", *STATES), [row for row in rows if any(row[1:])])
    points, artifacts, volume = (document[name] for name in ("points", "artifacts", "bytes"))
    out.say(f"{points} points of metrics, {artifacts} artifacts ({size(volume)})")
    for each in document["failures"][:SHOWN]:
        out.say(f"  {each['kind']}, {each['name']}: {each['reason']}")
    more = len(document["failures"]) - SHOWN
    if more > 0:
        out.say(f"  and {more} more: --json lists them all")
    if document["failures"]:
        out.note("the same command takes up what failed")
