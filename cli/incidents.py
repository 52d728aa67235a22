"""`heirloom incidents`: what people were told of, how it stands, and who is at it."""

from __future__ import annotations

import time

import click

from cli.dead_pages import DeadPages, handle
from cli.options import connected
from cli.output import Output, clock
from cli.ports import Ports
from cli.release_view import person
from cli.session import Session
from heirloom.adapters.pagerduty import NoPager, PagerDuty, RoutingKey
from heirloom.core.clock import utc_now
from heirloom.core.incident.desk import Desk, Patience
from heirloom.core.incident.incident import Incident, Page, Sent
from heirloom.core.incident.notify import Notifier
from heirloom.core.incident.pager import Pager
from heirloom.core.incident.people import MOST_INCIDENTS, acknowledge, list_incidents, resolve, show_incident

# How long a person waits for PagerDuty, in seconds.
PATIENCE = 30.0
EVIDENCE = ("value", "threshold", "low", "high", "samples", "rule")


@click.group()
def incidents() -> None:
    """Incidents: breaches and alarms that people were told of."""


@incidents.command("list")
@click.argument("model", required=False)
@click.option("--limit", type=click.IntRange(1, MOST_INCIDENTS), default=20, show_default=True, help="How many.")
@click.option("--cursor", help="The next page of a model's: what the one before ended with.")
@connected
def list_command(out: Output, session: Session, *, model: str | None, limit: int, cursor: str | None) -> None:
    """List incidents, the newest first: of MODEL, or of all models."""
    ports = Ports(session)
    page = list_incidents(model, ports.incidents, ports.lineage, limit, cursor)
    document = {"incidents": [each.to_document() for each in page.incidents], "cursor": page.cursor}
    out.answer(document, lambda: show_page(out, page))


@incidents.command("show")
@click.argument("incident")
@connected
def show_command(out: Output, session: Session, *, incident: str) -> None:
    """Show INCIDENT: what showed it, what was sent of it, and to what it came."""
    found = show_incident(incident, Ports(session).incidents)
    out.answer(found.to_document(), lambda: show(out, found))


@incidents.command("ack")
@click.argument("incident")
@connected
def ack_command(out: Output, session: Session, *, incident: str) -> None:
    """Say that you are at INCIDENT; PagerDuty is told, and calls nobody else."""
    done = acknowledge(incident, session.caller, desk(session))
    out.answer(done.to_document(), lambda: show(out, done))


@incidents.command("resolve")
@click.argument("incident")
@click.option("--reason", required=True, help="What was done.")
@connected
def resolve_command(out: Output, session: Session, *, incident: str, reason: str) -> None:
    """Close INCIDENT; PagerDuty is told. What it is about goes on by itself: a breach that lasts may page again."""
    done = resolve(incident, session.caller, reason, desk(session))
    out.answer(done.to_document(), lambda: show(out, done))


@incidents.command("resend")
@connected
def resend_command(out: Output, session: Session) -> None:
    """Tell people what they could not be told: pages that PagerDuty did not take become dead letters.

    Each is handled as when it came, so that nobody is told twice, and removed from the queue. Stops, with exit code 1,
    where PagerDuty still does not answer.
    """
    ports, dead, told = Ports(session), DeadPages(session), dict[str, Incident]()
    notifier, handled = Notifier(ports.watches, ports.routes, desk(session)), 0
    for letter in dead.letters():
        told.update({each.id: each for each in handle(letter, notifier)})
        dead.remove(letter)
        handled += 1
    document = {"letters": handled, "incidents": [each.to_document() for each in told.values()]}
    out.answer(document, lambda: show_resent(out, handled, Page(tuple(told.values()))))


def desk(session: Session) -> Desk:
    """The incidents and the pager that the stack is deployed with, with the rights of who asks."""
    ports = Ports(session)
    patience = Patience(PATIENCE, time.sleep, time.monotonic)
    return Desk(ports.incidents, pager(session), utc_now, patience, session.output("Prefix"), session.api_url)


def pager(session: Session) -> Pager:
    """PagerDuty, where the stack was deployed with a routing key."""
    secret, url = (session.outputs.get(name) for name in ("PagerDutySecret", "PagerDutyUrl"))
    if secret and url:
        return PagerDuty(url, RoutingKey(session.client("secretsmanager"), secret))
    return NoPager(lambda _: None)


def show_page(out: Output, page: Page) -> None:
    """A line an incident."""
    if not page.incidents:
        out.say("no incidents")
    rows = [
        (clock(each.opened_at), each.model, each.alarm, each.version, each.severity, each.status, _paged(each), each.id)
        for each in page.incidents
    ]
    out.table(("opened", "model", "of", "version", "severity", "status", "paged", "incident"), rows)
    if page.cursor:
        out.note(f"more: --cursor {page.cursor}")


def show_resent(out: Output, letters: int, page: Page) -> None:
    """How many letters there were, and what became of them."""
    out.say(f"{letters} dead letters were handled" if letters else "there are no dead letters")
    if page.incidents:
        show_page(out, page)


def show(out: Output, incident: Incident) -> None:
    """The facts, then what was sent."""
    out.facts(
        [
            ("incident", incident.id),
            ("status", f"{incident.status}, {incident.severity}"),
            ("summary", incident.summary),
            *((name, incident.evidence.get(name)) for name in EVIDENCE),
            ("opened", clock(incident.opened_at)),
            ("paged", _paged(incident)),
            ("resolved", clock(incident.resolved_at) if incident.resolved_at else None),
        ]
    )
    out.say()
    rows = [_line(line) for line in incident.history]
    out.table(("at", "what", "severity", "by", "sent", "text"), rows)


def _line(line: Sent) -> tuple[object, ...]:
    return (clock(line.at), line.action, line.severity, person(line.by), line.sent, line.text)


def _paged(incident: Incident) -> str:
    if incident.paged_at:
        return clock(incident.paged_at)
    return "no pager is set up" if incident.triggered else "not yet"
