"""The executions, the registry, the deployments, the endpoints and the jobs in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heirloom.core.errors import Unavailable
from heirloom.core.run.registry import Package, Submission
from heirloom.core.run.runs import Job
from heirloom.core.run.upload import Execution


@dataclass
class MemoryExecutions:
    """The port Executions; ``started`` is every input by machine and name, ``ended`` says how some ended."""

    started: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    ended: dict[str, Execution] = field(default_factory=dict)

    def start(self, machine: str, name: str, document: Mapping[str, Any]) -> bool:
        if (machine, name) in self.started:
            return False
        self.started[machine, name] = document
        return True

    def find(self, machine: str, name: str) -> Execution | None:
        if (machine, name) not in self.started:
            return None
        return self.ended.get(name, Execution("RUNNING"))


@dataclass
class MemoryRegistry:
    """The port Registry; a token is known across groups."""

    submissions: dict[str, Submission] = field(default_factory=dict)
    _packages: dict[str, Package] = field(default_factory=dict)

    def submit(self, submission: Submission) -> Package:
        if submission.token not in self._packages:
            number = 1 + sum(known.group == submission.group for known in self.submissions.values())
            arn = f"arn:aws:sagemaker:us-east-1:111122223333:model-package/{submission.group}/{number}"
            self.submissions[submission.token] = submission
            self._packages[submission.token] = Package(number, arn)
        return self._packages[submission.token]


@dataclass
class MemoryDeployments:
    """The port Deployments."""

    up: set[str] = field(default_factory=set)

    def names(self, beginning: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.up if name.startswith(beginning)))

    def take_down(self, name: str) -> None:
        self.up.discard(name)


@dataclass
class MemoryEndpoints:
    """The port Endpoints; ``answers`` by endpoint: a document, a function of what was asked, or an error to raise.

    ``asked`` keeps what was sent, parsed where it was JSON. An endpoint in ``silent`` needs that many seconds.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    silent: dict[str, float] = field(default_factory=dict)

    def invoke(
        self, endpoint: str, body: bytes, *, content_type: str = "application/json", seconds: float | None = None
    ) -> Any:
        document = json.loads(body) if content_type == "application/json" else body
        self.asked.append((endpoint, document))
        if seconds is not None and self.silent.get(endpoint, 0) > seconds:
            raise Unavailable(f"asking {endpoint}: no answer within {seconds} s")
        answer = self.answers.get(endpoint, Unavailable(f"asking {endpoint}: there is no such endpoint"))
        if callable(answer):
            answer = answer(document)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class MemoryJobs:
    """The port Jobs."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def find(self, name: str) -> Job | None:
        return self.jobs.get(name)
