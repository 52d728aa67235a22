"""`heirloom drill`: the outcomes of a bad twin go the real way, so that everybody sees who is called, and how soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

import click

from cli.options import connected
from cli.output import Output
from cli.ports import Ports
from cli.progress import Steps
from cli.session import Session
from cli.slo_view import alarm_states
from heirloom.core.clock import utc_now
from heirloom.core.project.watching import CRITICAL
from heirloom.core.rollback.drill import Report, Stage, run_drill

# What a look may find, as people are told it, in the order in which it is wont to come.
_TOLD = {
    "seen": "the monitor sees the breach",
    "page": "the page is sent",
    "moved": "the route has moved",
    "answered": "what answers was checked; the breach is over",
}


@click.command()
@click.argument("model")
@click.option("--timeout", type=click.FloatRange(1), default=300, show_default=True, help="Seconds to wait at most.")
@connected
def drill(out: Output, session: Session, *, model: str, timeout: float) -> None:
    """Rehearse a rollback of MODEL, and say after how many seconds people were paged and the route moved.

    The outcomes of a twin of the champion that is mostly wrong go through the monitor, the alarm, the pager and the
    rollback as any others would. Nobody is answered otherwise for it: a route of the drill's own is moved. The page is
    of severity info and begins with DRILL. Ends with exit code 1 when something did not come.
    """
    ports, steps = Ports(session), Steps(out.notes)
    with steps.spinner(f"a drill of {model}") as doing:
        report = run_drill(model, session.caller, stage(session, ports, model), timeout, watching(steps, doing))
    out.answer({**asdict(report), "done": report.done}, lambda: show(out, report))


def stage(session: Session, ports: Ports, model: str) -> Stage:
    """The ports of a drill."""
    return Stage(
        routes=ports.routes,
        lineage=ports.lineage,
        predictions=ports.predictions,
        book=ports.watches,
        held=ports.standards,
        incidents=ports.incidents,
        decisions=ports.decisions,
        alarm=lambda: alarm_states(session, model, [CRITICAL])[0]["state"],
        clock=utc_now,
        pause=time.sleep,
    )


def watching(steps: Steps, doing: Callable[[str], None]) -> Callable[[Report], None]:
    """Tell each thing once, as it comes; between them what is waited for."""
    told: set[str] = set()

    def watch(report: Report) -> None:
        if report.outcomes and not told:
            steps.line(f"{report.outcomes} outcomes of a bad twin of version {report.version} are sent")
            told.add("sent")
        for name, what in _TOLD.items():
            after = getattr(report, name)
            if after is not None and name not in told:
                told.add(name)
                steps.line(f"{what}, {after:.1f} s after the first outcome")
        doing(f"waiting for {report.missing}" if report.missing else "done")

    return watch


def show(out: Output, report: Report) -> None:
    """The seconds, for a person."""
    rows = [("first bad outcome sent", 0.0), *((what, getattr(report, name)) for name, what in _TOLD.items())]
    out.table(("what", "seconds"), [(what, f"{after:.1f}") for what, after in rows])
    if not report.paged:
        out.note("no pager is configured: the page was written down only, see `heirloom incidents list`")
    out.note(f"breach {report.breach}; nobody was answered otherwise")
