"""SNS, the topic of rollbacks: a model's critical alarm is on. Takes the version back that breaks its promise, once.

On a schedule, too: then it looks at every model. Where the alarm is that of drift, and the project wants it, a training
is started.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.incident.message import ALARM, Change, message_of
from heirloom.core.project.watching import CRITICAL, DRIFTED
from heirloom.core.rollback.ports import Ports
from heirloom.core.rollback.roll_back import retrain_after_drift, roll_back, sweep
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, prefix: str, ports: Ports) -> dict[str, Any]:
    if event.get("detail-type") == "Scheduled Event":
        return {"outcomes": [asdict(outcome) for outcome in sweep(ports)]}
    messages = (record["Sns"] for record in event["Records"])
    told = [message_of(each["Message"], each["Timestamp"], prefix) for each in messages]
    on = [each for each in told if isinstance(each, Change) and each.state == ALARM]
    outcomes = [outcome for each in on if each.alarm == CRITICAL for outcome in roll_back(each.model, ports)]
    runs = [retrain_after_drift(each.model, each.at, ports) for each in on if each.alarm == DRIFTED]
    return {"outcomes": [asdict(outcome) for outcome in outcomes], "runs": [run for run in runs if run]}


lambda_handler = entrypoint(handle, prefix=wiring.prefix, ports=wiring.rollback)
