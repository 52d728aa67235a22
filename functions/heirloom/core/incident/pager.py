"""What a pager is told, in the words of PagerDuty's Events API v2, all but the routing key; and the port Pager.

https://developer.pagerduty.com/docs/events-api-v2-overview; alert events: /docs/send-alert-event, change events:
/docs/send-change-event. One ``dedup_key`` an incident: all that is sent of it meets the same alert.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from heirloom.core.incident.incident import TRIGGER, Incident
from heirloom.core.incident.moves import Order
from heirloom.core.release.route import Route

LONGEST_SUMMARY = 1024
"""Characters; a dedup_key may have 255, which an incident's id never has."""
CLIENT = "Heirloom"
DETAILS = ("metric", "value", "threshold", "low", "high", "samples", "rule", "reason", "route")
"""What ``custom_details`` says in this order, then what else the evidence has."""

_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com$")
"""Of the API, and so of the dashboards: infra/dashboard.py."""

Document = Mapping[str, Any]


class Pager(Protocol):
    """Tells people. Both methods say whether anybody was told: False where no pager is set up.

    Raise Unavailable for what may work later, Invalid for what is refused, Denied.
    """

    def send(self, event: Document) -> bool:
        """An alert event: what ``event_of`` gives."""

    def change(self, event: Document) -> bool:
        """A change event: what ``announce.change_event`` gives."""


def event_of(order: Order, prefix: str, api: str) -> dict[str, Any]:
    """The alert event that an order asks for. ``prefix`` names the deployment, ``api`` is the URL of its API."""
    incident = order.incident
    key = {"event_action": order.action, "dedup_key": incident.id}
    if order.action != TRIGGER:
        return key  # PagerDuty takes no more with it
    return {
        **key,
        "payload": {
            "summary": shortened(order.text),
            "source": f"{prefix}/{incident.model}",
            "severity": incident.severity,
            "timestamp": incident.opened_at,
            "component": incident.model,
            "group": prefix,
            "class": incident.alarm,
            "custom_details": _details(incident),
        },
        "links": links(incident.model, prefix, api, incident.evidence.get("report")),
        "client": CLIENT,
        "client_url": api,
    }


def links(model: str, prefix: str, api: str, report: object = None) -> list[dict[str, str]]:
    """Where to read on. The API takes signed requests, and a report is made when somebody asks: so the texts have the
    commands that do."""
    changes = f"{api}/models/{model}/release/changes"
    found = [{"href": changes, "text": f"Lineage: what changed, by whom, why (heirloom release history {model})"}]
    if region := _REGION.search(api):
        console = f"https://{region[1]}.console.aws.amazon.com/cloudwatch/home?region={region[1]}"
        text = f"Dashboard: promises and drift (heirloom drift show {model} --out report.html has the drift report)"
        found.append({"href": f"{console}#dashboards/dashboard/{prefix}-{model}", "text": text})
    if isinstance(report, str) and report.startswith("https://"):
        found.append({"href": report, "text": "Drift report"})
    return found


def facts_of(route: Route) -> dict[str, Any]:
    """What people are told of a route."""
    return {
        "champion": route.champion,
        "previous": route.previous,
        "canary": route.canary.version if route.canary else None,
        "frozen": route.frozen is not None,
        "quarantined": sorted(route.quarantined),
        "last_change": f"{route.action} by {route.change.by}, {route.change.at}: {route.change.reason}",
        "revision": route.revision,
    }


def shortened(text: str) -> str:
    """As much as a summary may have."""
    return text if len(text) <= LONGEST_SUMMARY else f"{text[: LONGEST_SUMMARY - 3]}..."


def _details(incident: Incident) -> dict[str, Any]:
    known = {"metric": incident.alarm, "version": incident.version, **incident.evidence}
    first = {name: known.get(name) for name in ("metric", "version", *DETAILS)}
    return {**first, **known, "incident": incident.id}
