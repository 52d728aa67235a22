"""SNS, the topic of rollbacks: a model's critical alarm is on. Takes the version back that breaks its promise, once.

On a schedule, too: then it looks at every model.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.incident.message import ALARM, Change, message_of
from heirloom.core.project.watching import CRITICAL
from heirloom.core.rollback.ports import Ports
from heirloom.core.rollback.roll_back import roll_back, sweep
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, prefix: str, ports: Ports) -> dict[str, Any]:
    if event.get("detail-type") == "Scheduled Event":
        return {"outcomes": [asdict(outcome) for outcome in sweep(ports)]}
    messages = (record["Sns"] for record in event["Records"])
    told = [message_of(each["Message"], each["Timestamp"], prefix) for each in messages]
    on = [each for each in told if isinstance(each, Change) and (each.alarm, each.state) == (CRITICAL, ALARM)]
    return {"outcomes": [asdict(outcome) for change in on for outcome in roll_back(change.model, ports)]}


lambda_handler = entrypoint(handle, prefix=wiring.prefix, ports=wiring.rollback)
