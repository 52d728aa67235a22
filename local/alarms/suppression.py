"""The actions suppressor of a composite alarm: whether its actions are held back now, and why. Pure.

"Suppressing composite alarm actions" in the CloudWatch user guide. While actions are held, changes add up: when the
hold ends, the actions of the state then are taken, if it is not the one that was last acted on.
"""

from __future__ import annotations

import math
from typing import Any

from local.alarms.definition import Record

_HELD = "_held"


def hold(record: Record, suppressor: str, announced: str, now: float) -> bool:
    """Whether the actions of a change just made are held back; notes it in the record.

    ``suppressor``: the state of the suppressor alarm. ``announced``: the state that was last acted on.
    """
    if _HELD in record:
        return True
    wait = record.get("ActionsSuppressorWaitPeriod") or 0
    if suppressor == "ALARM":
        _note(record, "Alarm", math.inf, announced)
    elif record["StateValue"] == "ALARM" and wait:
        _note(record, "WaitPeriod", now + wait, announced)
    return _HELD in record


def is_held(record: Record) -> bool:
    """Whether the alarm has actions held back."""
    return _HELD in record


def release(record: Record, suppressor: str, now: float) -> str | None:
    """Once no reason is left to hold back: the state that was last acted on, and the note is gone; else None."""
    held: dict[str, Any] = record[_HELD]
    if suppressor == "ALARM":
        _note(record, "Alarm", math.inf, held["announced"])
        return None
    if held["by"] == "Alarm":
        extension = record.get("ActionsSuppressorExtensionPeriod") or 0
        _note(record, "ExtensionPeriod", now + extension, held["announced"])
    if now < record[_HELD]["until"]:
        return None
    for name in (_HELD, "ActionsSuppressedBy", "ActionsSuppressedReason"):
        del record[name]
    return str(held["announced"])


def _note(record: Record, by: str, until: float, announced: str) -> None:
    record[_HELD] = {"by": by, "until": until, "announced": announced}
    record["ActionsSuppressedBy"] = by
    record["ActionsSuppressedReason"] = f"Actions suppressed by {by}"
