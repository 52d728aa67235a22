"""`heirloom model`: the deployed models, their versions, which one answers."""

from __future__ import annotations

from dataclasses import asdict

import click

from cli.options import connected
from cli.output import Output, clock
from cli.ports import Ports
from cli.release_view import change_line, role_of
from cli.session import Session
from heirloom.core.lineage.catalog import ModelDetail, Version, list_models, show_model
from heirloom.core.release.route import Route


@click.group()
def model() -> None:
    """Models: what is deployed, and which version answers."""


@model.command("list")
@connected
def list_command(out: Output, session: Session) -> None:
    """List the deployed models."""
    ports = Ports(session)
    models = list_models(ports.lineage, ports.routes)
    rows = [(each.model, each.champion, each.owner, each.description) for each in models]

    def show() -> None:
        out.table(("model", "champion", "owner", "description"), rows)
        if not rows:
            out.note("no model yet: heirloom project init NAME writes one, heirloom local up deploys it")

    out.answer({"models": [asdict(each) for each in models]}, show)


@model.command("show")
@click.argument("name", metavar="MODEL")
@connected
def show_command(out: Output, session: Session, name: str) -> None:
    """Show MODEL: its objective, its champion, its versions and their scores."""
    ports = Ports(session)
    detail = show_model(name, ports.lineage, ports.routes)
    out.answer(asdict(detail), lambda: show_detail(out, detail))


def show_detail(out: Output, detail: ModelDetail) -> None:
    """All of it, for a person."""
    found, route = detail.model, detail.route
    wanted = found.objective
    out.facts(
        [
            ("model", found.model),
            ("description", found.description),
            ("owner", found.owner),
            ("objective", f"{wanted['statement']} ({wanted['metric']} of at least {wanted['at_least']:g})"),
            ("champion", f"version {route.champion}" if route else "none"),
            ("endpoint", found.endpoint),
            ("last change", change_line(route) if route else None),
            ("because", route.change.reason if route else None),
        ]
    )
    out.say()
    columns = ("version", "role", "made", "score", "baseline", "objective", "run")
    out.table(columns, [_row(version, route) for version in detail.versions])


def _row(version: Version, route: Route | None) -> tuple[object, ...]:
    role = role_of(version.number, route) if route else ""
    met = None if version.met is None else "met" if version.met else "missed"
    return (version.number, role, clock(version.created_at), version.score, version.baseline, met, version.run)
