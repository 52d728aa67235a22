"""A state change of an alarm: the record, its history, its actions, and the composite alarms above it."""

from __future__ import annotations

from collections.abc import Callable

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from local.alarms import actions, clock, messages, store, suppression
from local.alarms.definition import Record
from local.alarms.messages import AlarmState, Change


def change_state(
    record: Record, value: str, reason: str, reason_data: str = "", seen: frozenset[str] = frozenset()
) -> None:
    """Give the alarm that state, in the current scope. What follows, follows a real change only.

    ``seen``: composite alarms that are changing already, so that a circle of them ends.
    """
    with store.LOCK:
        old = AlarmState.of(record)
        record |= {"StateValue": value, "StateReason": reason, "StateUpdatedTimestamp": store.now()}
        record.pop("StateReasonData", None)
        if reason_data:
            record["StateReasonData"] = reason_data
        if old.value == value:
            return
        record["StateTransitionedTimestamp"] = record["StateUpdatedTimestamp"]
        held = _hold(record, old.value)
        change = Change(dict(record), *store.scope(), old, AlarmState.of(record))
        summary = f"Alarm updated from {old.value} to {value}"
        store.add_history(record, "StateUpdate", summary, messages.history_data(change))
        clock.soon(lambda: _announce(change, act=not held))
        cloudwatch._evaluate_parent_alarms(record, seen)


def release_held(record: Record) -> None:
    """Take the actions of a composite alarm that were held back, once its suppressor lets it; in the current scope."""
    with store.LOCK:
        announced = suppression.release(record, _suppressor_state(record), store.now())
        if announced is None or announced == record["StateValue"]:
            return
        new = AlarmState.of(record)
        change = Change(dict(record), *store.scope(), AlarmState(announced, "", "", new.time), new)
        clock.soon(lambda: _in_scope(change, actions.take))


def _hold(record: Record, announced: str) -> bool:
    if not record.get("ActionsSuppressor"):
        return False
    return suppression.hold(record, _suppressor_state(record), announced, store.now())


def _suppressor_state(record: Record) -> str:
    """OK when it was deleted meanwhile: nothing is suppressed then."""
    name = cloudwatch._rule_ref_name(record.get("ActionsSuppressor") or "")
    suppressor = store.find(name) if name else None
    return str(suppressor["StateValue"]) if suppressor else "OK"


def _announce(change: Change, *, act: bool) -> None:
    _in_scope(change, actions.send_event)
    if act:
        _in_scope(change, actions.take)


def _in_scope(change: Change, do: Callable[[Change], None]) -> None:
    with request_scope(change.account, change.region):
        do(change)
