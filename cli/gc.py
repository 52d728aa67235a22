"""`heirloom run gc`: what was deleted long ago goes for good, as with `mlflow gc`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from cli.options import connected
from cli.output import Output, clock
from cli.ports import Ports
from cli.progress import bar
from cli.session import Session
from heirloom.core.clock import stamp, utc_now
from heirloom.core.tracking.clearing import Deleted, clear, find, since


@click.command("gc")
@click.option("--older-than", type=click.FloatRange(0), default=30, show_default=True, help="Days since the deletion.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connected
def gc_command(out: Output, session: Session, older_than: float, dry_run: bool, yes: bool) -> None:
    """Remove runs, logged models and experiments for good that were deleted in MLflow, with their files.

    What registered versions are made of stays. Broken off, it goes on where it was when it is called again.
    """
    ports = Ports(session)
    before = int((utc_now() - timedelta(days=older_than)).timestamp() * 1000)
    deleted = find(before, ports.documents)
    going = [each for each in deleted if not each.kept]
    if going and not dry_run and not yes:
        if not out.as_json:
            _list(out, deleted)
        if not click.confirm(f"Remove these {len(going)} for good?", err=True):
            out.note("nothing was removed")
            raise click.exceptions.Exit(1)
    left = [] if dry_run else _clear(out, going, ports)
    document = {
        "removed": [] if dry_run else [_told(each) for each in going],
        "would_go": [_told(each) for each in going] if dry_run else [],
        "kept": [_told(each) for each in deleted if each.kept],
        "files_left": left,
    }
    out.answer(document, lambda: _show(out, deleted, left, dry_run))


def _clear(out: Output, going: list[Deleted], ports: Ports) -> list[str]:
    """The places of files that are not the stack's, and so stay."""
    with bar(out.notes, "removing", len(going)) as removed:
        left = []
        for each in going:
            left.append(clear(each, ports.documents, ports.artifacts))
            removed(1)
    return [uri for uri in left if uri]


def _show(out: Output, deleted: list[Deleted], left: list[str], dry_run: bool) -> None:
    if dry_run:
        _list(out, deleted)
    going = sum(not each.kept for each in deleted)
    out.say(f"{going} would be removed" if dry_run else f"{going} removed")
    for uri in left:
        out.note(f"the files at {uri} are not the stack's, and stay")


def _list(out: Output, deleted: list[Deleted]) -> None:
    rows = [(each.kind, each.key[1], each.name, clock(stamp(since(each))), each.kept) for each in deleted]
    out.table(("what", "id", "name", "deleted", "kept, since"), rows)


def _told(deleted: Deleted) -> dict[str, object]:
    document = asdict(deleted)
    return {"id": deleted.key[1], **{name: document[name] for name in ("kind", "name", "uri", "kept")}} | {
        "deleted_at": stamp(since(deleted))
    }
