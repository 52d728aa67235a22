"""PagerDuty on one laptop: takes events as its Events API v2 documents them, and shows the incidents they make.

https://developer.pagerduty.com/docs/send-alert-event and /docs/send-change-event say what an event is and how it is
answered, /docs/events-api-v2-overview which status it has. It stands on the port of the embedded AWS, below
/_pagerduty: local.front asks it. Nobody is called. Any routing key of the right form will do.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

PREFIX = "/_pagerduty"
ALERTS, CHANGES = "/v2/enqueue", "/v2/change/enqueue"
INCIDENTS, FAULTS = "/incidents", "/faults"
FILE = "pagerduty.json"
SEVERITIES = ("critical", "error", "warning", "info")
ACTIONS = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}
"""The actions of alert events, and what an incident is after each."""
LONGEST_SUMMARY, LONGEST_KEY = 1024, 255
LARGEST = 512 * 1024
"""Bytes of an event: "Size limits" of the overview."""
A_MINUTE = 120
"""Events of one routing key that are taken in a minute: "Rate limits" of the Events API."""
MOST_CHANGES = 200
_ROUTING_KEY = re.compile(r"[0-9a-zA-Z]{32}")

Document = Mapping[str, Any]
Answer = tuple[HTTPStatus, Any]


@dataclass
class Receiver:
    """What has come, kept in ``file``. ``now`` is the time of day in seconds."""

    file: Path
    now: Callable[[], float] = time.time
    _taken: dict[str, deque[float]] = field(default_factory=dict)
    _failing_until: float = 0.0
    _refused: int = 0

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """A request below PREFIX. Faults are for tests: ``{"seconds": 3}`` makes each event a 500 for so long, which is
        counted among ``refused``."""
        handlers: Mapping[tuple[str, str], Callable[[Any], Answer]] = {
            ("POST", ALERTS): self._alert,
            ("POST", CHANGES): self._change,
            ("GET", INCIDENTS): lambda _: (HTTPStatus.OK, {**self._kept(), "refused": self._refused}),
            ("POST", FAULTS): self._fail,
        }
        handle = handlers.get((method, path))
        if handle is None:
            return HTTPStatus.NOT_FOUND, {"status": "not found", "message": f"{method} {path}"}
        try:
            document = json.loads(body or b"{}")
        except ValueError:
            return _invalid("the body is no JSON")
        if not isinstance(document, Mapping):
            return _invalid("the body is no JSON object")
        if path in (ALERTS, CHANGES) and (refusal := self._refusal(document, len(body))):
            return refusal
        return handle(document)

    def _refusal(self, event: Document, size: int) -> Answer | None:
        """What is said to any event, before anything is made of it."""
        if self.now() < self._failing_until:
            self._refused += 1
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"status": "error", "message": "Internal Server Error"}
        key = event.get("routing_key")
        if not isinstance(key, str) or not _ROUTING_KEY.fullmatch(key):
            return _invalid("Length of 'routing_key' is incorrect (should be 32 characters)")
        if size > LARGEST:
            return _invalid(f"the event is larger than {LARGEST} bytes")
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0] <= self.now() - 60:
            taken.popleft()
        if len(taken) >= A_MINUTE:
            return HTTPStatus.TOO_MANY_REQUESTS, {"status": "throttle exceeded", "message": "Requests for this service"}
        taken.append(self.now())
        return None

    def _alert(self, event: Document) -> Answer:
        if problems := _alert_problems(event):
            return _invalid(*problems)
        kept, key = self._kept(), event.get("dedup_key") or f"generated-{self.now():.6f}"
        lasting = next((it for it in kept["incidents"] if it["dedup_key"] == key and it["status"] != "resolved"), None)
        if lasting is None and event["event_action"] == "trigger":
            lasting = {"dedup_key": key, "status": "triggered", "triggers": 0, "events": []}
            kept["incidents"].append(lasting)
        if lasting is not None:
            self._apply(lasting, event)
            self._keep(kept)
        return HTTPStatus.ACCEPTED, {"status": "success", "message": "Event processed", "dedup_key": key}

    def _apply(self, incident: dict[str, Any], event: Document) -> None:
        """A further trigger adds an alert to the incident; what was acknowledged stays so."""
        action = event["event_action"]
        told = {name: event[name] for name in ("payload", "links", "client", "client_url") if name in event}
        incident["events"].append({"at": self.now(), "action": action, **told})
        if action == "trigger":
            incident["triggers"] += 1
            incident |= {"summary": event["payload"]["summary"], "severity": event["payload"]["severity"]}
        else:
            incident["status"] = ACTIONS[action]

    def _change(self, event: Document) -> Answer:
        if problems := [*_payload_problems(event.get("payload"), ("summary",)), *_link_problems(event)]:
            return _invalid(*problems)
        kept, told = self._kept(), {"payload": event["payload"], "links": event.get("links", [])}
        kept["changes"] = [*kept["changes"], {"at": self.now(), **told}][-MOST_CHANGES:]
        self._keep(kept)
        return HTTPStatus.ACCEPTED, {"status": "success", "message": "Change event processed"}

    def _fail(self, document: Any) -> Answer:
        self._failing_until = self.now() + float(document.get("seconds", 0))
        return HTTPStatus.OK, {"failing_until": self._failing_until}

    def _kept(self) -> dict[str, Any]:
        if not self.file.exists():
            return {"incidents": [], "changes": []}
        found: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return found

    def _keep(self, document: Document) -> None:
        scratch = self.file.with_suffix(".new")
        scratch.write_text(json.dumps(document), encoding="utf-8")
        scratch.replace(self.file)


def _alert_problems(event: Document) -> list[str]:
    action, key = event.get("event_action"), event.get("dedup_key")
    problems = []
    if action not in ACTIONS:
        problems.append(f"'event_action' is none of {', '.join(ACTIONS)}")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= LONGEST_KEY):
        problems.append(f"'dedup_key' is no text of 1 to {LONGEST_KEY} characters")
    if action == "trigger":
        problems += _payload_problems(event.get("payload"), ("summary", "source", "severity"))
        problems += _link_problems(event)
    elif key is None:
        problems.append("'dedup_key' is missing")
    return problems


def _payload_problems(payload: object, required: tuple[str, ...]) -> list[str]:
    if not isinstance(payload, Mapping):
        return ["'payload' is missing"]
    problems = [
        f"'payload.{name}' is missing or blank"
        for name in required
        if not (isinstance(payload.get(name), str) and payload[name])
    ]
    if len(str(payload.get("summary"))) > LONGEST_SUMMARY:
        problems.append(f"'payload.summary' is longer than {LONGEST_SUMMARY} characters")
    if payload.get("severity") not in (None, *SEVERITIES):
        problems.append(f"'payload.severity' is none of {', '.join(SEVERITIES)}")
    if not isinstance(payload.get("custom_details", {}), Mapping):
        problems.append("'payload.custom_details' is no object")
    if not _is_moment(payload.get("timestamp")):
        problems.append("'payload.timestamp' is no time of ISO 8601")
    return problems


def _link_problems(event: Document) -> list[str]:
    links = event.get("links", [])
    well = isinstance(links, list) and all(isinstance(each, Mapping) and each.get("href") for each in links)
    return [] if well else ["'links' is no list of objects with an 'href'"]


def _is_moment(text: object) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(str(text)))
    except ValueError:
        return False


def _invalid(*errors: str) -> Answer:
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return HTTPStatus.BAD_REQUEST, body
