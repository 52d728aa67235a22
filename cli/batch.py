"""`heirloom batch`: predictions for all rows of a file, through the stack's own state machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from cli.batch_run import BatchRun
from cli.options import connected
from cli.output import Output, size
from cli.ports import Ports
from cli.progress import transfer
from cli.session import Session
from cli.upload import send
from heirloom.core.batch.join import Report
from heirloom.core.batch.plan import Order
from heirloom.core.batch.split import begin, cut, described, wanted_columns
from heirloom.core.batch.start import start
from heirloom.core.errors import NotFound
from heirloom.core.storage import Location, Stored

CHUNK = 2**20


@click.command()
@click.argument("model")
@click.argument("source", metavar="FILE")
@click.argument("target", metavar="[FOLDER]", required=False)
@click.option("--version", type=click.IntRange(0), help="The version that answers.  [default: the champion]")
@click.option("--wait/--no-wait", default=True, help="Wait until it has ended.  [default: wait]")
@click.option("--dry-run", is_flag=True, help="Look through FILE and say what there is to do; do nothing.")
@connected
def batch(  # noqa: PLR0913 - click passes each option
    out: Output,
    session: Session,
    *,
    model: str,
    source: str,
    target: str | None,
    version: int | None,
    wait: bool,
    dry_run: bool,
) -> None:
    """Let MODEL answer all rows of FILE, a CSV (s3://bucket/key, or a file here, which is uploaded first).

    \b
    heirloom batch wine s3://cellar/2026.csv s3://cellar/answers/
    heirloom batch wine wines.csv

    FOLDER gets result.csv (the columns of FILE and the predictions), failed.csv (the rows that could not be answered,
    and why) and report.json. Given again, a batch goes on where it ended. Exit code 1 when rows failed.
    """
    ports = Ports(session)
    file = None if source.startswith("s3://") else _existing(source)
    folder = target or f"s3://{session.output('ArtifactBucket')}/batch/{model}/{Path(source).stem}/"
    if dry_run:
        _tell(out, ports, Order(model, source, folder, version), file)
        return
    uri = source if file is None else _uploaded(out, ports, model, file)
    order = Order.from_document({"model": model, "source": uri, "target": folder, "version": version})
    stored = ports.objects.describe(Location.from_uri(uri))
    run = BatchRun(ports, start(order, stored, session.output("BatchMachine"), ports.executions))
    if not wait:
        out.answer({"execution": run.name, "target": order.target}, lambda: _started(out, run, order))
        return
    _conclude(out, run.until_done(out, order))


def _existing(source: str) -> Path:
    file = Path(source)
    if not file.is_file():
        raise NotFound(f"{source}: expected a CSV file here, or s3://bucket/key")
    return file


def _tell(out: Output, ports: Ports, order: Order, file: Path | None) -> None:
    """What a batch would do, found in one pass over the file, as SplitBatch makes it."""
    if file is None:
        stored = ports.objects.describe(Location.from_uri(order.source))
        found = cut(ports.objects.read(stored.location))
    else:
        stored = Stored(Location("", str(file)), "", file.stat().st_size)
        found = cut(_chunks(file))
    plan = begin(order, stored, ports.routes, ports.lineage)
    plan = described(plan, found, wanted_columns(plan.model, plan.version, ports.lineage, ports.objects))
    facts = {
        "version": plan.version,
        "rows": found.rows,
        "parts": len(found.parts),
        "at_once": plan.concurrency,
        "requests": found.requests,
        "columns": [plan.header[place] for place in plan.sent],
        "target": order.target,
    }
    shown = [
        (name.replace("_", " "), ", ".join(value) if isinstance(value, list) else value)
        for name, value in facts.items()
    ]
    out.answer(facts, lambda: out.facts(shown))


def _uploaded(out: Output, ports: Ports, model: str, file: Path) -> str:
    """The URI of the file in the artifact bucket. It bears the hash of the content, so the same one is sent once."""
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    bucket = ports.session.output("ArtifactBucket")
    location = Location(bucket, f"batch/{model}/inputs/{digest.hexdigest()[:16]}/{file.name}")
    try:
        ports.objects.describe(location)
    except NotFound:
        with transfer(out.notes, file.name, file.stat().st_size) as arrived:
            send(ports.session.client("s3"), bucket, location.key, file, arrived)
        out.note(f"uploaded {location.uri} ({size(file.stat().st_size)})")
    return location.uri


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def _started(out: Output, run: BatchRun, order: Order) -> None:
    out.say(f"batch {run.name} has started; its result will be {order.target}result.csv")
    out.note("the same command, without --no-wait, waits for it")


def _conclude(out: Output, report: Report) -> None:
    """Print the report; exit code 1 when rows failed."""
    out.answer(asdict(report), lambda: _show(out, report))
    if report.failed:
        raise click.exceptions.Exit(1)


def _show(out: Output, report: Report) -> None:
    out.say(f"{report.model}, version {report.version}: {report.answered} of {report.rows} rows answered")
    out.say(report.result)
    if report.failed:
        out.say(f"{report.failed} rows failed; {report.failures} has them, each with the reason in its last column")
