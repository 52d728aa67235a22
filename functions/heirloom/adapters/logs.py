"""The newest requests, out of the predict function's log: there is no faster record of how long each took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.clock import Clock
from heirloom.core.errors import Invalid
from heirloom.core.prediction.capture import Captured, read

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

FIRST = timedelta(seconds=4)
WIDER = 4
PAGES = 20
"""FilterLogEvents gives at most 1 MB in a page, and may give none of it: API reference."""


class CloudWatchRecent:
    """The port Recent on a log group."""

    def __init__(self, client: CloudWatchLogsClient, log_group: str, clock: Clock) -> None:
        self._client = client
        self._log_group = log_group
        self._clock = clock

    def lines(self, model: str, version: int, since: datetime, most: int) -> Sequence[Captured]:
        """A page begins with the oldest line, so looks reach ever further back, until there are enough."""
        now, span = self._clock(), FIRST
        while True:
            start = max(since, now - span)
            found = self._read(model, version, start)
            if len(found) >= most or start == since:
                return sorted(found, key=lambda line: (line.at, line.ms, line.entity or "", line.part))
            span *= WIDER

    def _read(self, model: str, version: int, start: datetime) -> list[Captured]:
        found: list[Captured] = []
        asked: dict[str, Any] = {
            "logGroupName": self._log_group,
            "startTime": int(start.timestamp() * 1000),
            "filterPattern": f'{{ $.capture.model = "{model}" && $.capture.version = {version} }}',
        }
        for _ in range(PAGES):
            with translated(f"reading the log {self._log_group}"):
                page: Any = self._client.filter_log_events(**asked)
            found += [line for event in page["events"] if (line := _line(event["message"]))]
            if "nextToken" not in page:
                break
            asked["nextToken"] = page["nextToken"]
        return found


def _line(message: str) -> Captured | None:
    """None for a line that another deployment wrote: it says nothing."""
    try:
        return read(message)
    except Invalid:
        return None
