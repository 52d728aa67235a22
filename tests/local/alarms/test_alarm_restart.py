"""What of the alarms is still there after the embedded AWS was stopped and started again."""

from __future__ import annotations

import time
from pathlib import Path

from local.launcher import EmbeddedAws
from tests.embedded import free_port, wait_for


def test_keeps_alarms_their_state_and_datapoints(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    rule = {"EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "Period": 3600}
    try:
        client = embedded.start(die_with_parent=True).client("cloudwatch")
        datum = {"MetricName": "m", "Value": 9.0, "Timestamp": time.time() - 120}
        client.put_metric_data(Namespace="n", MetricData=[datum])
        client.put_metric_alarm(AlarmName="a", Namespace="n", MetricName="m", Statistic="Sum", **rule)
        client.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)")
        wait_for(lambda: client.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]["StateValue"] == "ALARM")
        embedded.stop()

        client = embedded.start(die_with_parent=True).client("cloudwatch")

        alarms = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        states = [alarm["StateValue"] for alarm in alarms["MetricAlarms"] + alarms["CompositeAlarms"]]
        assert states == ["ALARM", "ALARM"]
        time.sleep(1.5)  # evaluated again: the datapoint is still there, so nothing changes
        changes = client.describe_alarm_history(AlarmName="a", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        assert [change["HistorySummary"] for change in changes] == ["Alarm updated from INSUFFICIENT_DATA to ALARM"]
    finally:
        embedded.stop()
