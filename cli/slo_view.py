"""Promises, budgets and alarms as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cli.output import Document, Output, clock, seconds
from cli.session import Session
from heirloom.core.monitoring.breach import ACCURACY
from heirloom.core.monitoring.check import MOST
from heirloom.core.project.watching import ACCURACY_PAGE, alarm_name

MOST_SLICES = 10
"""Of them the worst; --json has all."""


def alarm_states(session: Session, model: str, names: Iterable[str]) -> list[Document]:
    """The model's alarms of these short names, with state, and since when; None of one that is not there."""
    prefix = session.output("Prefix")
    full = {alarm_name(prefix, model, name): name for name in names}
    found = session.client("cloudwatch").describe_alarms(
        AlarmNames=list(full), AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    known = {each["AlarmName"]: each for each in (*found["MetricAlarms"], *found["CompositeAlarms"])}
    return [_state(short, known.get(name, {})) for name, short in full.items()]


def _state(name: str, alarm: Mapping[str, Any]) -> Document:
    since = alarm.get("StateUpdatedTimestamp")
    return {
        "alarm": name,
        "state": alarm.get("StateValue"),
        "since": since.isoformat() if since else None,
        "reason": alarm.get("StateReason"),
    }


def show_slo(out: Output, document: Document) -> None:
    """All of it, for a person."""
    states = {each["alarm"]: each["state"] or "not there" for each in document["alarms"]}
    out.facts(
        [
            ("model", document["model"]),
            ("version", document["version"]),
            ("held to", _held_to(document)),
            ("labels", _labels(document["labels"])),
            ("error", f"{document['rmse']:.4g}, root mean square" if document["rmse"] is not None else None),
            ("alarms", ", ".join(f"{name} {state}" for name, state in states.items())),
        ]
    )
    out.say()
    rows = [(*_promise(each), states.get(each["alarm"], "")) for each in document["promises"]]
    out.table(("promise", "target", "now", "95% interval", "of the last", "budget left", "alarm"), rows)
    _show_breaches(out, document["breaches"])
    _show_slices(out, document["slices"])


def show_check(out: Output, checked: Iterable[Document]) -> None:
    """What each promise means, for a person."""
    for each in checked:
        of = f"accuracy {each['accuracy']:g} on {each['test_rows']:,} test rows"
        out.say(f"{each['folder']}, {of}, the {each['rule']} rule on the last {each['window']:,} labels:")
        rows = [(f"{need['drop']:.0%}", _after(need["page"]), _after(need["rollback"])) for need in each["needed"]]
        out.table(("a drop of", "people are paged after", "it is rolled back after"), rows)
        for warning in each["warnings"]:
            out.say(f"warning: {warning}")
        out.say()


def _after(labels: int | None) -> str:
    return f"not within {MOST:,} labels" if labels is None else f"{labels:,} labels"


def _held_to(document: Document) -> str:
    reference = document["reference"]
    if reference is None:
        return "nothing: it has no test accuracy"
    scored = f"{reference['accuracy']:.1%} right of {reference['rows']:,} test rows"
    return f"{scored}, by the {document['rule']} rule"


def _labels(labels: Document) -> str:
    """Those of requests that are counted only later may be there first."""
    labelled, predicted = labels["labelled"], labels["predicted"]
    if labelled == 0:
        return f"none yet, of {predicted:,} predictions"
    known = f"{labelled:,} of {max(labelled, predicted):,} predictions ({labels['coverage'] or 1:.0%})"
    return f"{known}, {seconds(labels['delay_seconds'])} after them on average, the last {clock(labels['last_at'])}"


def _promise(promise: Document) -> tuple[object, ...]:
    if promise["promise"] == ACCURACY:
        paged = promise["alarm"] == ACCURACY_PAGE
        words = "right answers, else people are paged" if paged else "right answers, else a rollback"
    else:
        words = f"answers within {promise['limit_ms']} ms, else a rollback"
    interval = f"{promise['low']:.1%} to {promise['high']:.1%}" if promise["samples"] else None
    left = None if promise["left"] is None else f"{promise['left']:,} of {promise['allowed']:,}"
    return (words, _share(promise["target"]), _share(promise["value"]), interval, f"{promise['samples']:,}", left)


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"


def _show_breaches(out: Output, breaches: Iterable[Document]) -> None:
    for breach in breaches:
        what = "drill: " if breach["drill"] else ""
        out.say()
        out.say(f"{what}breach {breach['id']}, since {clock(breach['began_at'])}: {breach['evidence'].get('reason')}")


def _show_slices(out: Output, slices: list[Document]) -> None:
    if not slices:
        return
    out.say()
    rows = map(_slice, slices[:MOST_SLICES])
    out.table(("worst first", "wrong", "95% interval", "wrong answers", "labelled"), rows)
    if len(slices) > MOST_SLICES:
        out.note(f"and {len(slices) - MOST_SLICES} more: --json has all")


def _slice(each: Document) -> tuple[object, ...]:
    interval = f"{each['low']:.1%} to {each['high']:.1%}"
    return (f"{each['column']} {each['value']}", _share(each["error_rate"]), interval, each["wrong"], each["labelled"])
