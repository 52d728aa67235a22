"""Routes, trials and their history as people read them."""

from __future__ import annotations

from collections.abc import Iterable

from cli.output import Output, clock
from heirloom.core.lineage.graph import Document
from heirloom.core.release.route import BASELINE, Mark, Route
from heirloom.core.release.status import Changes, Status
from heirloom.core.release.trial import Arm, Trial


def person(by: str) -> str:
    """Whom an ARN names, without the account: ``ana``, or ``Deployer/ana`` for a session of a role."""
    if not by.startswith("arn:"):
        return by
    kind, _, name = by.rpartition(":")[2].partition("/")
    return name or kind


def change_line(route: Route) -> str:
    """Who did what to a route last, and when."""
    return f"{route.action} by {person(route.change.by)}, {clock(route.change.at)}, revision {route.revision}"


def role_of(version: int, route: Route) -> str:
    """What a version is to the route; "" when it is nothing."""
    canary, shadow = route.canary, route.shadow
    roles = (
        ("champion", version == route.champion),
        ("canary", canary is not None and canary.version == version),
        ("shadow", shadow is not None and shadow.version == version),
        ("previous", version == route.previous),
        ("quarantined", version in route.quarantined),
        ("baseline", version == BASELINE),
    )
    return next((role for role, held in roles if held), "")


def show_status(out: Output, status: Status) -> None:
    """The route, its versions and the trial of its canary."""
    show_route(out, status.route)
    if status.trial:
        out.say()
        _show_trial(out, status.trial)
    if status.verdict:
        out.say(f"so far: {status.verdict.outcome}: {status.verdict.reason}")


def show_route(out: Output, route: Route) -> None:
    """What the route says, then a line a version that it knows."""
    last = [("last change", change_line(route)), ("because", route.change.reason)]
    out.facts([("model", route.model), *_facts(route), *last])
    out.say()
    rows = [_version(version, route) for version in sorted({*route.ready, *route.quarantined}, reverse=True)]
    out.table(("version", "role", "endpoint", "quarantined"), rows)


def show_changes(out: Output, page: Changes) -> None:
    """A line a change, newest first."""
    columns = ("revision", "when", "change", "champion", "canary", "shadow", "by", "reason")
    out.table(columns, map(_change, page.changes))
    if page.cursor:
        out.note(f"older ones: --cursor {page.cursor}")


def show_plan(out: Output, now: Route, then: Route) -> None:
    """What differs between two routes."""
    before, after = dict(_facts(now)), dict(_facts(then))
    names = [name for name in after if before.get(name) != after[name]]
    out.table(("what", "now", "then"), [(name, before.get(name), after[name]) for name in names])
    out.note("nothing was changed: this was a dry run")


def _facts(route: Route) -> list[tuple[str, str | None]]:
    canary, shadow = route.canary, route.shadow
    tried = f"version {canary.version}, {canary.share:.3g} of the callers" if canary else None
    mirrored = f"version {shadow.version}, {shadow.share:.3g} of the requests" if shadow else None
    return [
        ("champion", f"version {route.champion}, {route.endpoint}"),
        ("previous", f"version {route.previous}" if route.previous is not None else None),
        ("canary", f"{tried}, within {canary.limit_ms} ms, release {canary.release}" if canary else None),
        ("shadow", mirrored),
        ("frozen", _marked(route.frozen) if route.frozen else None),
        ("quarantined", ", ".join(f"version {version}" for version in sorted(route.quarantined)) or None),
    ]


def _marked(mark: Mark) -> str:
    return f"by {person(mark.by)}, {clock(mark.at)}: {mark.reason}"


def _version(version: int, route: Route) -> tuple[object, ...]:
    bad = route.quarantined.get(version)
    return (version, role_of(version, route), route.ready.get(version), _marked(bad) if bad else "")


def _show_trial(out: Output, trial: Trial) -> None:
    columns = ("arm", "version", "requests", "errors", "timed", "slow", "labelled", "wrong")
    arms: Iterable[tuple[str, int, Arm]] = (
        ("champion", trial.champion, trial.tally.champion),
        ("canary", trial.challenger, trial.tally.canary),
    )
    counts = [(name, version, a.requests, a.errors, a.timed, a.slow, a.labelled, a.wrong) for name, version, a in arms]
    out.table(columns, counts)


def _change(change: Document) -> tuple[object, ...]:
    shown = [change[name] for name in ("action", "champion", "canary", "shadow")]
    return (change["revision"], clock(change["at"]), *shown, person(change["by"]), change["reason"])
