"""What the topics deliver is understood, or refused with the reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.incident.message import ALARMS, Change, Ruling, message_of
from tests.unit.incident.world import BEGAN, MODEL, alarm_text

SENT = "2026-11-23T15:12:00.000Z"


def read(text: str, prefix: str = "heirloom") -> Any:
    return message_of(text, SENT, prefix)


@pytest.mark.parametrize("alarm", ALARMS)
@pytest.mark.parametrize("model", [MODEL, "tiny", "tiny-drift", "a-critical"])
def test_an_alarm_is_known_by_its_name(model: str, alarm: str) -> None:
    change = read(alarm_text(alarm, AlarmName=f"heirloom-{model}-{alarm}"))

    assert (change.model, change.alarm) == (model, alarm)


def test_a_change_has_cloudwatch_s_time_and_reason() -> None:
    change = read(alarm_text("drift", "ALARM", "2026-11-23T15:11:00.250Z"))

    assert isinstance(change, Change)
    assert (change.state, change.at) == ("ALARM", "2026-11-23T15:11:00.250Z")
    assert change.says == f"{MODEL}: the alarm drift: docs/slo.md"
    assert change.evidence["reason"].startswith("Threshold Crossed")
    assert (change.evidence["metric"], change.evidence["threshold"]) == ("AccuracyBreach", 1.0)


def test_a_composite_alarm_has_no_trigger_and_one_by_hand_no_description() -> None:
    change = read(alarm_text("critical", Trigger=None, AlarmDescription=None))

    assert (change.evidence["metric"], change.says) == (None, f"{MODEL}: the alarm critical is on")


@pytest.mark.parametrize(("kind", "drill"), [("accuracy", False), ("latency", False), ("drill-accuracy", True)])
def test_a_rollback_s_word_names_its_breach(kind: str, drill: bool) -> None:
    identity = f"{MODEL}/{kind}/v3/{BEGAN}"

    ruling = read(json.dumps({"heirloom": "resolved", "breach": identity, "model": MODEL, "text": "done"}))

    assert isinstance(ruling, Ruling)
    assert (ruling.word, ruling.text, ruling.at, ruling.model) == ("resolved", "done", SENT, MODEL)
    assert (ruling.breach.id, ruling.breach.drill, ruling.breach.evidence) == (identity, drill, {"reason": "done"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "1",
        "{}",
        alarm_text("unknown"),
        alarm_text("drift", AlarmName="other-flight-delay-drift"),
        alarm_text("drift", StateChangeTime="yesterday"),
        json.dumps({"heirloom": "deleted", "breach": "b", "model": MODEL, "text": "t"}),
        json.dumps({"heirloom": "resolved", "breach": f"{MODEL}/accuracy/3/{BEGAN}", "model": MODEL, "text": "t"}),
        json.dumps({"heirloom": "resolved", "breach": f"tiny/accuracy/v3/{BEGAN}", "model": MODEL, "text": "t"}),
        json.dumps({"heirloom": "resolved", "model": MODEL, "text": "t"}),
        json.dumps(
            {
                "heirloom": "resolved",
                "breach": f"{MODEL}/accuracy/v3/{BEGAN}",
                "model": MODEL,
                "text": "t",
                "evidence": 1,
            }
        ),
    ],
)
def test_what_is_neither_is_refused_and_shown(text: str) -> None:
    with pytest.raises(Invalid, match="expected a change of an alarm, or a rollback's word, got"):
        read(text)
