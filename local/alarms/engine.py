"""Evaluates alarms when they are due: each tick of the clock looks which ones."""

from __future__ import annotations

import logging
import math
from functools import partial

from ministack import app
from ministack.core.responses import request_scope

from local.alarms import clock, store, suppression
from local.alarms.definition import Record, interval, rule_of, statistic_of, watch_of
from local.alarms.evaluation import decide, evaluation_range
from local.alarms.reasons import CREATED, state_reason, state_reason_data
from local.alarms.transitions import change_state, release_held

log = logging.getLogger("local.alarms")
# By account, region and name: the record last evaluated and until when. A new record is due at once.
_evaluated: dict[tuple[str, str, str], tuple[Record, float]] = {}


def tick() -> None:
    """Evaluate every alarm that is due. Before the emulator has loaded its state, nothing is."""
    if app._MAIN_LOOP is None:
        return
    alarms = list(store.metric_alarms())
    for account, region, record in alarms:
        _guarded(account, region, record)
    known = {(account, region, record["AlarmName"]) for account, region, record in alarms}
    for gone in _evaluated.keys() - known:
        del _evaluated[gone]
    for account, region, record in store.composite_alarms():
        if suppression.is_held(record):
            with request_scope(account, region):
                release_held(record)


def evaluate_soon(record: Record) -> None:
    """Evaluate the alarm of the current scope as soon as the clock's thread is free."""
    account, region = store.scope()
    clock.soon(partial(_guarded, account, region, record))


def _guarded(account: str, region: str, record: Record) -> None:
    """Evaluate it if it is due; an alarm that can't be evaluated (stored by other means) is told of once, and left."""
    key = account, region, record["AlarmName"]
    last, until = _evaluated.get(key, (None, 0.0))
    try:
        end = _latest_end(record)
        if last is record and (until == math.inf or (until == end and not clock.tick_seconds())):
            return
        _evaluated[key] = record, end
        with request_scope(account, region):
            evaluate(record, end)
    except (KeyError, ValueError, TypeError):
        log.exception("alarm %s can't be evaluated", record["AlarmName"])
        _evaluated[key] = record, math.inf


def _latest_end(record: Record) -> float:
    """The end of the latest period that is over, epoch seconds."""
    step = interval(watch_of(record).period)
    return math.floor((store.now() - clock.GRACE_SECONDS) / step) * step


def evaluate(record: Record, end: float) -> None:
    """Set the state of the alarm from the periods up to ``end`` (epoch seconds), in the current scope."""
    watch, rule = watch_of(record), rule_of(record)
    window = watch.window(end, evaluation_range(rule.periods), store.samples_in(*store.scope()))
    with store.LOCK:
        verdict = decide(window, rule, record["StateValue"])
        if not store.is_current(record) or (verdict.state == record["StateValue"] and record["StateReason"] != CREATED):
            return
        reason = state_reason(verdict, rule, m_out_of_n="DatapointsToAlarm" in record)
        starts = [end - age * watch.period for age in range(1, len(window) + 1)]
        missing = [start for start, point in zip(starts, reversed(window), strict=True) if point is None]
        described = {"unit": record.get("Unit"), "statistic": None if record.get("Metrics") else statistic_of(record)}
        metric = {name: value for name, value in described.items() if value} | {"period": watch.period}
        change_state(record, verdict.state, reason, state_reason_data(verdict, rule, store.now(), metric, missing))
