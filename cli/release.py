"""`heirloom release`: what answers for a model, what is on trial; promote, roll back, freeze, with who and why."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from cli.making import Making, made
from cli.options import Command, connected
from cli.output import Output
from cli.ports import Ports
from cli.release_view import show_changes, show_plan, show_route, show_status
from cli.session import Session
from heirloom.core.clock import stamp
from heirloom.core.errors import NotReady
from heirloom.core.release.change import Ending, existing
from heirloom.core.release.order import made_before
from heirloom.core.release.request import LONGEST_REASON, Request, parse_request, perform, planned
from heirloom.core.release.status import MOST_CHANGES, list_changes, show_release


@click.group()
def release() -> None:
    """Releases: which version answers, which is on trial, who changed that and why."""


@release.command("status")
@click.argument("model")
@connected
def status_command(out: Output, session: Session, model: str) -> None:
    """Show MODEL's champion, its canary and shadow, who has frozen it, what is ready and what is quarantined."""
    ports = Ports(session)
    status = show_release(model, ports.routes, ports.trials)
    out.answer(status.to_document(), lambda: show_status(out, status))


@release.command("history")
@click.argument("model")
@click.option("--limit", type=click.IntRange(1, MOST_CHANGES), default=20, show_default=True, help="How many.")
@click.option("--cursor", help="Go on after this revision: the cursor of the page before.")
@connected
def history_command(out: Output, session: Session, model: str, *, limit: int, cursor: str | None) -> None:
    """List the changes of MODEL's route, newest first: who, when, why."""
    page = list_changes(model, Ports(session).lineage, limit, cursor)
    out.answer(asdict(page), lambda: show_changes(out, page))


def changing(function: Callable[..., dict[str, Any]]) -> Command:
    """Make a command of a function that returns a wish: the body that the API takes for the move of its name."""

    @click.argument("model")
    @click.option("--reason", required=True, help=f"Why, in up to {LONGEST_REASON} letters; it stays in the history.")
    @click.option("--revision", type=click.IntRange(1), help="Change this revision of the route, or nothing.")
    @click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
    @connected
    @functools.wraps(function)
    def command(
        out: Output,
        session: Session,
        *,
        model: str,
        reason: str,
        revision: int | None,
        dry_run: bool,
        wait: float | None = None,
        **wished: Any,
    ) -> None:
        ports, move = Ports(session), function.__name__.removesuffix("_command")
        wish = {"reason": reason, "revision": revision, **function(**wished)}
        request = parse_request(model, move, wish, session.caller, stamp(datetime.now(UTC)))
        if dry_run:
            plan(out, ports, request)
        else:
            carry_out(out, ports, request, wait)

    return command


def waiting(function: Command) -> Command:
    """Add how long to wait for an endpoint that has to be made first."""

    @click.option("--no-wait", is_flag=True, help="Do not wait for an endpoint that has to be made first.")
    @click.option(
        "--timeout", type=click.FloatRange(0), default=3600, show_default=True, help="Seconds to wait for it at most."
    )
    @functools.wraps(function)
    def command(*, no_wait: bool, timeout: float, **arguments: Any) -> None:
        function(wait=None if no_wait else timeout, **arguments)

    return command


@release.command("promote")
@waiting
@changing
@click.argument("version", type=int)
def promote_command(version: int) -> dict[str, Any]:
    """Let VERSION of MODEL answer. Its endpoint is made first when it has none any more."""
    return {"version": version}


@release.command("rollback")
@click.option("--to", type=int, help="The version to go back to; else the champion before, or the newest good one.")
@click.option("--no-quarantine", is_flag=True, help="Do not mark the version that is left as bad.")
@waiting
@changing
def rollback_command(to: int | None, no_quarantine: bool) -> dict[str, Any]:
    """Let an earlier version of MODEL answer again. Its endpoint is made first when it has none any more.

    The version that is left is quarantined: automation never promotes it again. It works on a frozen route too.
    """
    return {"version": to, "quarantine": not no_quarantine}


@release.command("stop")
@click.option("--quarantine", is_flag=True, help="Mark the canary's version as bad.")
@changing
def stop_command(quarantine: bool) -> dict[str, Any]:
    """End MODEL's canary: the champion answers everybody."""
    return {"quarantine": quarantine}


@release.command("freeze")
@changing
def freeze_command() -> dict[str, Any]:
    """Refuse promotions and canaries of MODEL, of people and of pipelines, until it is thawed. Rollbacks go on."""
    return {}


@release.command("thaw")
@changing
def thaw_command() -> dict[str, Any]:
    """Take the freeze of MODEL back."""
    return {}


@release.command("shadow")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True, help="The share of requests."
)
@click.option("--off", is_flag=True, help="Mirror no more.")
@changing
@click.argument("version", type=int, required=False)
def shadow_command(version: int | None, share: float, off: bool) -> dict[str, Any]:
    """Mirror a share of MODEL's requests to VERSION, whose answers nobody sees."""
    if off == (version is not None):
        raise click.UsageError("give either a VERSION or --off")
    return {} if off else {"version": version, "share": share}


@release.command("clear")
@changing
@click.argument("version", type=int)
def clear_command(version: int) -> dict[str, Any]:
    """Take VERSION of MODEL out of quarantine."""
    return {"version": version}


def plan(out: Output, ports: Ports, request: Request) -> None:
    """Say what the wish would change."""
    now = existing(request.model, ports.routes)
    try:
        then = planned(request, now)
    except NotReady as missing:
        made_before(missing.version, request.model, ports.lineage)
        document = {"route": now.to_document(), "makes": missing.version}
        said = f"version {missing.version} has no endpoint: one would be made and tested, then the route moves to it"
        out.answer(document, lambda: out.say(said))
        return
    out.answer({"route": then.to_document(), "makes": None}, lambda: show_plan(out, now, then))


def carry_out(out: Output, ports: Ports, request: Request, wait: float | None) -> None:
    """Do what is wished, and wait for an endpoint that has to be made first for ``wait`` seconds, if for any."""
    ending = Ending(ports.trials, ports.answers)
    done = perform(request, ports.routes, ports.lineage, ports.executions, ending)
    if done.execution is None:
        out.answer({"route": done.route.to_document()}, lambda: show_route(out, done.route))
    elif wait is None:
        said = f"release {done.execution} makes the endpoint first: `heirloom release status {request.model}` shows it"
        out.answer({"execution": done.execution}, lambda: out.say(said))
    else:
        making = Making(ports, request.model, done.execution, wait)
        route = made(making, out.notes)
        out.answer({"execution": done.execution, "route": route.to_document()}, lambda: show_route(out, route))
