"""The actions suppressor of a composite alarm, step by step in time."""

from __future__ import annotations

from typing import Any

from local.alarms.suppression import hold, is_held, release


def composite(state: str = "ALARM") -> dict[str, Any]:
    return {"StateValue": state, "ActionsSuppressorWaitPeriod": 60, "ActionsSuppressorExtensionPeriod": 30}


def test_holds_back_while_the_suppressor_is_in_alarm_and_for_the_extension_period() -> None:
    alarm = composite()

    assert hold(alarm, "ALARM", "OK", now=0)
    assert alarm["ActionsSuppressedBy"] == "Alarm"
    assert release(alarm, "ALARM", now=500) is None
    assert release(alarm, "OK", now=501) is None
    assert alarm["ActionsSuppressedBy"] == "ExtensionPeriod"
    assert release(alarm, "OK", now=530) is None
    assert release(alarm, "OK", now=531) == "OK"
    assert not is_held(alarm)
    assert "ActionsSuppressedBy" not in alarm


def test_waits_for_the_suppressor_and_acts_when_it_does_not_come() -> None:
    alarm = composite()

    assert hold(alarm, "OK", "OK", now=0)
    assert alarm["ActionsSuppressedBy"] == "WaitPeriod"
    assert release(alarm, "OK", now=59) is None
    assert release(alarm, "OK", now=60) == "OK"


def test_goes_from_waiting_to_suppressed() -> None:
    alarm = composite()
    hold(alarm, "OK", "OK", now=0)

    assert release(alarm, "ALARM", now=10) is None
    assert alarm["ActionsSuppressedBy"] == "Alarm"
    assert release(alarm, "ALARM", now=1000) is None


def test_does_not_wait_to_say_that_all_is_well() -> None:
    assert not hold(composite("OK"), "OK", "ALARM", now=0)


def test_remembers_the_state_last_acted_on_over_several_changes() -> None:
    alarm = composite()
    hold(alarm, "ALARM", "OK", now=0)
    alarm["StateValue"] = "OK"

    assert hold(alarm, "ALARM", "ALARM", now=5)
    assert release(alarm, "OK", now=10) is None
    assert release(alarm, "OK", now=40) == "OK"


def test_does_not_wait_where_no_wait_period_is_set() -> None:
    assert not hold({**composite(), "ActionsSuppressorWaitPeriod": 0}, "OK", "OK", now=0)
