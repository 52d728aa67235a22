"""An uploaded file: from the event that S3 sends to a run, or to quarantine with the reason.

A run's id is made of the object version, so however often the event comes there is one run and one execution.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from heirloom.core.errors import Invalid, InvalidData, NotFound
from heirloom.core.lineage.graph import Document, Event, Lineage, Node
from heirloom.core.project.definition import Project
from heirloom.core.project.parameters import overlaid
from heirloom.core.project.registration import Registration, registered
from heirloom.core.run.attempt import attempt_of
from heirloom.core.run.journal import TRACKED, Journal
from heirloom.core.run.record import begun
from heirloom.core.run.tracked import begin, experiment_of, milliseconds
from heirloom.core.storage import Location, Objects
from heirloom.core.tracking import documents
from heirloom.core.tracking.index.open_runs import mark
from heirloom.core.tracking.tracking import Tracking

QUARANTINE = "quarantine/"
IGNORED = (QUARANTINE, "labels/", "labels-results/")
LARGEST = 5 * 1024**3
"""Bytes of the largest upload: what S3 copies in one request."""
PARAMETERS = "heirloom-parameters"
"""The object's metadata with training parameters of this run, a JSON object of texts, over those of model.yaml."""


class Executions(Protocol):
    """Runs of a state machine. Each method raises NotFound (no such machine), Denied or Unavailable."""

    def start(self, machine: str, name: str, document: Mapping[str, Any]) -> bool:
        """Start one under this name; nothing happens, and it may say False, if there has been one of that name."""

    def find(self, machine: str, name: str) -> Execution | None:
        """How the execution of this name stands; None if there is none, or its record is past keeping."""


@dataclass(frozen=True)
class Execution:
    """``status`` in Step Functions' words: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE.

    ``output`` is what it ended with, None unless it succeeded.
    """

    status: str
    error: str = ""
    cause: str = ""
    ended_at: str | None = None
    output: Any = None


@dataclass(frozen=True)
class Upload:
    """One version of an object in the data bucket; ``size`` in bytes."""

    bucket: str
    key: str
    version_id: str
    size: int

    @property
    def model(self) -> str:
        """The first segment of the key; "" for a key of one segment."""
        return self.key.partition("/")[0] if "/" in self.key else ""

    @property
    def location(self) -> Location:
        return Location(self.bucket, self.key, self.version_id)

    @property
    def run_id(self) -> str:
        return run_id(self.model, self.bucket, self.key, self.version_id)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Upload:
        """S3's "Object Created" as EventBridge delivers it: the key is plain text there, not URL-encoded.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html. Raises Invalid.
        """
        try:
            bucket, described = event["detail"]["bucket"]["name"], event["detail"]["object"]
            return cls(bucket, described["key"], described["version-id"], described["size"])
        except KeyError as missing:
            raise Invalid(
                f"not an 'Object Created' event of a bucket with versioning: {missing} is missing"
            ) from missing


@dataclass(frozen=True)
class Receipt:
    """What became of an upload: ``run`` is the id of its run, None where ``reason`` says why there is none."""

    run: str | None
    started: bool
    reason: str = ""


def run_id(model: str, bucket: str, key: str, version_id: str) -> str:
    """The run of an object version, which is also the name of its execution and its training job."""
    digest = hashlib.sha256(f"{bucket}/{key}/{version_id}".encode()).hexdigest()
    return f"{model}-{digest[:12]}"


def receive(upload: Upload, journal: Journal, objects: Objects, executions: Executions, at: str) -> Receipt:
    """Start the run of an upload, or move the file to quarantine when there is nothing that could train on it."""
    if upload.key.startswith(IGNORED) or upload.key.endswith("/"):
        return Receipt(None, False, "not data to train on")
    registration = registered(upload.model, journal.lineage)
    refusal = _refusal(upload, registration is not None, journal.lineage)
    if registration is None or refusal:
        quarantine(upload, InvalidData(refusal), objects, at)
        return Receipt(None, False, refusal)
    try:
        execution = _with_parameters(registration, _told(upload, objects))
    except Invalid as error:
        refusal = f"{upload.key}: its metadata {PARAMETERS}: {error}"
        quarantine(upload, InvalidData(refusal, error.problems), objects, at)
        return Receipt(None, False, refusal)
    started = _start(_run_once(upload.run_id, upload, registration, execution, journal, at), executions)
    return Receipt(upload.run_id, started)


def start_run(
    identity: str, upload: Upload, registration: Registration, journal: Journal, executions: Executions, at: str
) -> bool:
    """Start the run of this id on an upload, with the parameters of model.yaml; whether it was started now.

    Once however often it is asked for.
    """
    return _start(_run_once(identity, upload, registration, registration.execution(), journal, at), executions)


def _start(run: Node, executions: Executions) -> bool:
    return executions.start(run.data["state_machine"], run.id, run.data["input"])


def _told(upload: Upload, objects: Objects) -> str:
    try:
        return objects.metadata(upload.location).get(PARAMETERS, "{}")
    except NotFound:  # deleted meanwhile: the run that can't read it says so
        return "{}"


def _with_parameters(registration: Registration, told: str) -> dict[str, Any]:
    """The project's part of the input, with the parameters that came with the upload. Raises Invalid."""
    try:
        given = json.loads(told)
    except ValueError as error:
        raise Invalid(f"expected a JSON object, got {told!r}") from error
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Invalid(f"expected a JSON object of texts, got {told!r}")
    overlaid(registration.project.training.parameters, given)
    execution = registration.execution()
    return {**execution, "hyperparameters": {**execution["hyperparameters"], **given}}


def _run_input(identity: str, upload: Upload, at: str) -> dict[str, Any]:
    """The run's part of the state machine's input."""
    return {
        "id": identity,
        "model": upload.model,
        "bucket": upload.bucket,
        "key": upload.key,
        "version_id": upload.version_id,
        "size": upload.size,
        "at": at,
    }


def quarantine(upload: Upload, error: InvalidData, objects: Objects, at: str, run: str | None = None) -> None:
    """Move a file out of the way, with ``<file>.reason.json`` beside it; the version uploaded stays, hidden."""
    target = Location(upload.bucket, QUARANTINE + upload.key)
    reason = {
        "model": upload.model,
        "key": upload.key,
        "version_id": upload.version_id,
        "reason": str(error),
        "problems": [asdict(problem) for problem in error.problems],
        "run_id": run,
        "at": at,
    }
    if upload.size <= LARGEST:
        objects.copy(upload.location, target)
    body = json.dumps(reason, indent=2, ensure_ascii=False).encode()
    objects.write(Location(upload.bucket, f"{target.key}.reason.json"), body, "application/json")
    objects.hide(upload.location)


def _refusal(upload: Upload, known: bool, lineage: Lineage) -> str:
    """Why no run can start with the upload; "" when one can."""
    if not known:
        models = ", ".join(entry.id for entry in lineage.projects()) or "none yet"
        where = f"{upload.model!r} is no model" if upload.model else "the key names no model"
        return f"{upload.key}: {where}. Upload to <model>/<file>.csv, where <model> is one of: {models}"
    if not upload.key.lower().endswith(".csv"):
        return f"{upload.key}: expected a CSV file, whose name ends in .csv"
    if upload.size > LARGEST:
        return f"{upload.key}: expected at most {LARGEST} bytes (5 GiB), got {upload.size}"
    return ""


def _run_once(
    identity: str, upload: Upload, registration: Registration, execution: Document, journal: Journal, at: str
) -> Node:
    """The run of the upload, as it was recorded first: an event that comes again starts it with the same input.

    ``execution`` is the project's part of the input: the project as it is deployed now.
    """
    given = {"run": _run_input(identity, upload, at), "project": execution}
    tracked = _tracked(given, registration.project, journal.tracking)
    data = {
        "state_machine": registration.state_machine,
        "project": registration.project.to_document(),
        "input": given,
        TRACKED: tracked.id,
    }
    run = Node(
        "run", identity, upload.model, at, data, {"key": upload.key, "state_machine": registration.state_machine}
    )
    event = Event(at, "upload", "done", {"size": upload.size})
    if not journal.add(run, run=run, event=event, documents=lambda: [tracked, mark(tracked)]):
        return journal.lineage.node("run", run.id) or run
    return run


def _tracked(given: Document, project: Project, tracking: Tracking) -> documents.Document:
    """The run in the experiment of its model, to which its parameters are logged before it has done anything."""
    run, record = given["run"], begun(attempt_of(given, project))
    experiment = experiment_of(run["model"], tracking)
    return begin(run["id"], record, experiment, tracking.artifact_root, milliseconds(run["at"]))
