"""SNS, topics of pages and rollbacks: tells people of an alarm, or of a rollback's last word, once an incident."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.incident.desk import Desk
from heirloom.core.incident.message import message_of
from heirloom.core.incident.notify import Notifier
from heirloom.core.monitoring.breach import Breaches
from heirloom.core.release.route import Routes
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, breaches: Breaches, routes: Routes, desk: Desk) -> dict[str, Any]:
    notifier = Notifier(breaches, routes, desk)
    told = [
        incident
        for record in event["Records"]
        for incident in notifier.notify(message_of(record["Sns"]["Message"], record["Sns"]["Timestamp"], desk.prefix))
    ]
    return {"incidents": [{"id": each.id, "status": each.status, "paged_at": each.paged_at} for each in told]}


lambda_handler = entrypoint(handle, breaches=wiring.watches, routes=wiring.routes, desk=wiring.desk)
