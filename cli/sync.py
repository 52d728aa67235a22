"""`heirloom run sync` and `heirloom run kept`: local runs into the stack's tracking store, each whole and once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import click

from cli.kept import Kept, KeptRuns
from cli.kept_view import described, show_kept
from cli.options import answers, connected
from cli.output import Output, seconds
from cli.progress import bar
from cli.session import Session
from cli.tracking import StackStore, Store, log
from cli.workspace import workspace
from heirloom.core.errors import Conflict, Denied, Invalid, NotFound

_REFUSALS = (Invalid, NotFound, Conflict, Denied)
"""Errors that are one run's own; after any other, the stack is not there for the next one either."""


@dataclass(frozen=True)
class Sent:
    """What became of a kept run: its id in the tracking store, or why it has none."""

    kept: Kept
    tracked: str | None
    problem: str = ""

    def to_document(self) -> dict[str, Any]:
        """For --json."""
        return {**described(self.kept), "tracked": self.tracked, "problem": self.problem}


def send(runs: Iterable[Kept], store: Store, done: Callable[[int], None]) -> list[Sent]:
    """Log these runs and remember it, one after another; the caller holds the lock of KeptRuns."""
    sent = []
    for kept in runs:
        try:
            tracked = log(kept, store)
            kept.mark_synced(store.address, tracked)
            sent.append(Sent(kept, tracked))
        except _REFUSALS as error:
            sent.append(Sent(kept, None, str(error)))
        done(1)
    return sent


def send_one(kept: Kept, runs: KeptRuns, session: Session) -> str:
    """Log one run; its id in the tracking store. Raises what the store does."""
    store = StackStore(session)
    with runs.sending():
        tracked = log(kept, store)
        kept.mark_synced(store.address, tracked)
    return tracked


@click.command("sync")
@click.option("--dry-run", is_flag=True, help="Only say which runs would be sent.")
@connected
def sync_command(out: Output, session: Session, dry_run: bool) -> None:
    """Send the local runs that are kept here to the stack's tracking store, each whole and once.

    Killed or cut off, it goes on where it was when it is run again. Exit code 1 when the store refuses a run.
    """
    runs, store = KeptRuns(workspace().root), StackStore(session)
    if dry_run:
        waiting = runs.unsynced(store.address)
        document = {"would_send": [described(kept) for kept in waiting]}
        out.answer(document, lambda: show_kept(out, waiting))
        return
    began = time.monotonic()
    with runs.sending():
        waiting = runs.unsynced(store.address)
        with bar(out.notes, "local runs", len(waiting)) as done:
            sent = send(waiting, store, done)
    out.answer({"runs": [each.to_document() for each in sent]}, lambda: _show(out, sent, time.monotonic() - began))
    if any(each.tracked is None for each in sent):
        raise click.exceptions.Exit(1)


@click.command("kept")
@answers
def kept_command(out: Output) -> None:
    """List the local runs that are kept on this machine, oldest first."""
    runs = KeptRuns(workspace().root).all()
    out.answer({"runs": [described(kept) for kept in runs]}, lambda: show_kept(out, runs))


def _show(out: Output, sent: list[Sent], took: float) -> None:
    well = sum(each.tracked is not None for each in sent)
    for each in sent:
        if each.tracked is None:
            out.say(f"{each.kept.id} was refused: {each.problem}")
    out.say(f"sent {well} of {len(sent)} local runs in {seconds(took)}" if sent else "nothing to send: all is synced")
