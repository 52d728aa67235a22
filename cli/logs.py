"""The logs of a run, from CloudWatch Logs: its training job's and its endpoint's, and what the functions say of it.

SageMaker's groups and streams: https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.ports import Ports
from cli.session import Session
from heirloom.core.project.registration import endpoint_name
from heirloom.core.run.runs import RUNNING, Run, show_run

TRAINING = "/aws/sagemaker/TrainingJobs"
ENDPOINTS = "/aws/sagemaker/Endpoints/"
EVERY = 2.0
# A run's first line may be older than the run: the function that records it has started before.
BEFORE = 60_000


@dataclass(frozen=True)
class Line:
    """``at``: ISO 8601. ``source``: training, endpoint, or the function's handler."""

    at: str
    source: str
    text: str


@dataclass(frozen=True)
class Source:
    """A log group, and what of it belongs to the run: the streams that begin so, the lines that hold a pattern."""

    name: str
    group: str
    streams: str = ""
    pattern: str = ""


class Logs:
    """The log of one run, as far as it is there; each line is given out once."""

    def __init__(self, session: Session, run: Run) -> None:
        self._session = session
        self._run = run
        self._client = session.client("logs")
        self._start = int(datetime.fromisoformat(run.started_at).timestamp() * 1000) - BEFORE
        self._seen: set[tuple[str, int, str]] = set()

    def read(self) -> list[Line]:
        """The lines that were not given out yet, in the order of time."""
        found = [
            (event["timestamp"], source.name, event["message"].rstrip())
            for source in (*self._functions, *self._sagemaker())
            for event in self._events(source)
        ]
        return [
            Line(_iso(at), name, line)
            for at, name, text in sorted(found, key=lambda line: line[0])
            for line in text.splitlines()
        ]

    def follow(self, ports: Ports) -> Iterator[Line]:
        """All lines, as they come, until the run has ended."""
        while True:
            self._run = show_run(self._run.id, ports.lineage, ports.executions, ports.jobs).run
            yield from self.read()
            if self._run.state != RUNNING:
                return
            time.sleep(EVERY)

    @functools.cached_property
    def _functions(self) -> list[Source]:
        """The stack's functions; of what they log, the lines that name the run."""
        pages = self._session.client("cloudformation").get_paginator("list_stack_resources")
        names = [
            resource["PhysicalResourceId"]
            for page in pages.paginate(StackName=self._session.stack)
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == "AWS::Lambda::Function"
        ]
        return [self._function(name) for name in names]

    def _function(self, name: str) -> Source:
        found = self._session.client("lambda").get_function_configuration(FunctionName=name)
        group = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        return Source(found["Handler"].split(".")[-2], group, pattern=f'"{self._run.id}"')

    def _sagemaker(self) -> list[Source]:
        sources = [Source("training", TRAINING, streams=f"{self._run.id}/")]
        if self._run.version is not None:
            name = endpoint_name(self._session.output("Prefix"), self._run.model, self._run.version)
            sources.append(Source("endpoint", ENDPOINTS + name))
        return sources

    def _events(self, source: Source) -> Iterator[dict[str, Any]]:
        """New events; none while the group is not there: SageMaker makes it with the first line."""
        try:
            for event in self._all(source):
                # Not every CloudWatch Logs gives its events an id, and lines of one millisecond differ.
                key = (event["logStreamName"], event["timestamp"], event["message"])
                if key not in self._seen:
                    self._seen.add(key)
                    yield event
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise

    def _all(self, source: Source) -> Iterator[dict[str, Any]]:
        selection: dict[str, Any] = {"filterPattern": source.pattern} if source.pattern else {}
        if source.streams:
            selection["logStreamNames"] = self._streams(source)
            if not selection["logStreamNames"]:
                return
        pages = self._client.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=source.group, startTime=self._start, **selection):
            yield from page["events"]

    def _streams(self, source: Source) -> list[str]:
        """A job writes a stream an instance, so the first page has them all."""
        found = self._client.describe_log_streams(logGroupName=source.group, logStreamNamePrefix=source.streams)
        return [stream["logStreamName"] for stream in found["logStreams"]]


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
