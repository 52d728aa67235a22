"""Runs one training job: what happens on AWS between InProgress and Completed, Failed or Stopped.

AWS pages: "How Amazon SageMaker AI Runs Your Training Image", "... Provides Training Information", "... Processes
Training Output", "... Signals Algorithm Success and Failure", "DescribeTrainingJob" (the states).
"""

from __future__ import annotations

import contextvars
import logging
import math
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any

from local.sagemaker import emulator, objects
from local.sagemaker.backend import Backend
from local.sagemaker.container import Container, ImageError, Program, Tree, base_environment, find_image, make_tree
from local.sagemaker.contract import training_environment, write_input_config
from local.sagemaker.store import Row, Table
from local.sagemaker.telemetry import Telemetry

logger = logging.getLogger("sagemaker")
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
FAILURE_LENGTH = 1024


class JobError(Exception):
    """The job's FailureReason."""


class TrainingRun:
    """One job at work, in a thread of its own."""

    def __init__(self, row: Row, table: Table, backend: Backend) -> None:
        self._name, self._row = row["TrainingJobName"], row
        self._table, self._settings, self._telemetry = table, backend.settings, backend.telemetry
        self._fleet = backend.fleet
        self._stopping = threading.Event()
        self._container: Container | None = None
        self._stream = f"{self._name}/algo-1-{int(time.time() * 1000)}"
        self._metrics: dict[str, dict[str, Any]] = {}
        self.thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._run,), name=f"job-{self._name}", daemon=True
        )

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Ask for an end, and return at once: the grace period can be minutes."""
        self._stopping.set()
        if self._container is not None:
            threading.Thread(target=self._container.stop, args=(self._settings.stop_grace,), daemon=True).start()

    def _run(self) -> None:
        session = emulator.open_session(self._row["RoleArn"], "SageMaker")
        tree = make_tree(
            self._settings.work_dir / "jobs", self._name, "input/config", "input/data", "model", "output/data"
        )
        try:
            self._transition("Downloading")
            self._download(session, tree)
            ended = self._train(session, tree)
            if "TrainingStartTime" in (self._table.get(self._name) or {}):
                self._upload(session, tree, stopped=bool(ended))
            self._finish("Stopped" if ended else "Completed", ended or "Completed")
        except JobError as failure:
            if not self._fleet.closing:  # else the next start says what became of it
                self._fail(str(failure))
        except Exception as problem:
            logger.exception("training job %s broke", self._name)
            self._fail(f"InternalServerError: {type(problem).__name__}: {problem}")
        finally:
            emulator.close_session(session)
            shutil.rmtree(tree.root.parent, ignore_errors=True)

    def _download(self, session: emulator.Credentials, tree: Tree) -> None:
        s3 = objects.s3_client(session)
        for channel in self._row.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            target = tree.root / "input/data" / channel["ChannelName"]
            target.mkdir()
            try:
                objects.download_prefix(s3, source["S3Uri"], target, self._row["RoleArn"])
            except objects.TransferError as problem:
                raise JobError(f"ClientError: Data download failed:{problem}") from problem

    def _train(self, session: emulator.Credentials, tree: Tree) -> str:
        """Run the program; why it was stopped early ("Stopped", "MaxRuntimeExceeded"), or nothing."""
        self._container = self._make_container(session, tree)
        if self._stopping.is_set():
            return "Stopped"
        self._transition("Training", TrainingStartTime=time.time())
        self._container.start()
        if self._stopping.is_set():  # asked for while it started
            self.stop()
        limit = self._row["StoppingCondition"]["MaxRuntimeInSeconds"]
        code = self._container.wait(limit)
        if code is None:
            self._transition("MaxRuntimeExceeded")
            self._container.stop(self._settings.stop_grace)
            return "MaxRuntimeExceeded"
        if self._stopping.is_set():
            return "Stopped"
        if code != 0:
            raise JobError(_algorithm_error(tree.root / "output/failure", code))
        return ""

    def _make_container(self, session: emulator.Credentials, tree: Tree) -> Container:
        algorithm = self._row["AlgorithmSpecification"]
        uri = algorithm.get("TrainingImage", "")
        try:
            image = find_image(self._settings.images_file, uri)
        except ImageError as problem:
            raise JobError(_pull_failure(uri, self._row["RoleArn"], problem)) from problem
        write_input_config(self._row, tree)
        environment = {
            **base_environment(image, tree, emulator.endpoint_url(), emulator.region()),
            **session.environment(),
            **training_environment(self._row, tree),
        }
        argv = [*algorithm.get("ContainerEntrypoint", ["train"]), *algorithm.get("ContainerArguments", [])]
        return Container(Program(argv, tree, environment), self._fleet, self._observe())

    def _observe(self) -> Any:
        """What is done with each line of the program's output: kept in the log, and searched for metrics."""
        context = contextvars.copy_context()
        definitions = [
            (definition["Name"], re.compile(definition["Regex"]))
            for definition in self._row["AlgorithmSpecification"].get("MetricDefinitions", [])
        ]

        def observe(line: str) -> None:
            context.run(self._telemetry.log, LOG_GROUP, self._stream, line)
            for name, pattern in definitions:
                if value := _metric_value(pattern, line):
                    self._metrics[name] = {"MetricName": name, "Value": value[0], "Timestamp": time.time()}

        return observe

    def _upload(self, session: emulator.Credentials, tree: Tree, *, stopped: bool) -> None:
        if stopped:
            self._table.update(self._name, TrainingEndTime=time.time())
        else:
            self._transition("Uploading", TrainingEndTime=time.time())
        s3 = objects.s3_client(session)
        prefix = f"{self._row['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{self._name}/output"
        try:
            objects.upload_archive(s3, tree.root / "model", f"{prefix}/model.tar.gz")
            if any((tree.root / "output/data").iterdir()):
                objects.upload_archive(s3, tree.root / "output/data", f"{prefix}/output.tar.gz")
        except objects.TransferError as problem:
            raise JobError(f"ClientError: Artifact upload failed:{problem}") from problem
        self._table.update(self._name, ModelArtifacts={"S3ModelArtifacts": f"{prefix}/model.tar.gz"})

    def _fail(self, reason: str) -> None:
        self._finish("Failed", "Failed", FailureReason=reason[:FAILURE_LENGTH])

    def _finish(self, status: str, secondary: str, **changes: Any) -> None:
        now = time.time()
        row = self._table.get(self._name) or self._row
        end = row.get("TrainingEndTime", now)
        seconds = math.ceil(end - row.get("TrainingStartTime", end))
        self._telemetry.flush()  # the log is whole before anyone sees the end
        self._transition(
            secondary,
            TrainingJobStatus=status,
            TrainingEndTime=end,
            TrainingTimeInSeconds=seconds,
            BillableTimeInSeconds=seconds,
            FinalMetricDataList=list(self._metrics.values()) or None,
            **changes,
        )

    def _transition(self, secondary: str, **changes: Any) -> None:
        row = self._table.get(self._name) or self._row
        transitions = add_transition(row["SecondaryStatusTransitions"], secondary, changes.get("FailureReason", ""))
        changes |= {"SecondaryStatus": secondary, "SecondaryStatusTransitions": transitions}
        announce(self._telemetry, self._table.update(self._name, **changes) or row)


def add_transition(transitions: list[dict[str, Any]], status: str, message: str = "") -> list[dict[str, Any]]:
    """The transitions with the last one ended now, and a new one begun."""
    now = time.time()
    ended = [*transitions[:-1], *({**last, "EndTime": now} for last in transitions[-1:])]
    made: dict[str, Any] = {"Status": status, "StartTime": now, "StatusMessage": message or MESSAGES[status]}
    if status in ("Completed", "Failed", "Stopped"):
        made["EndTime"] = now
    return [*ended, made]


def announce(telemetry: Telemetry, row: Row) -> None:
    """The job's state as an event; its times are epoch milliseconds there."""
    detail = {key: value for key, value in row.items() if not key.startswith("_")}
    for key in ("CreationTime", "LastModifiedTime", "TrainingStartTime", "TrainingEndTime"):
        if key in detail:
            detail[key] = int(detail[key] * 1000)
    telemetry.event("SageMaker Training Job State Change", detail, row["TrainingJobArn"])


def _algorithm_error(failure: Path, exit_code: int) -> str:
    """FailureReason of a program that exited with an error: what it left in /opt/ml/output/failure, and the code.

    A signal counts as 128 + its number, as a container runtime gives it.
    """
    code = exit_code if exit_code >= 0 else 128 - exit_code
    ending = f", exit code: {code}"
    text = failure.read_text(errors="replace") if failure.is_file() else ""
    return f"AlgorithmError: {text[: FAILURE_LENGTH - len('AlgorithmError: ') - len(ending)]}{ending}"


def _pull_failure(uri: str, role_arn: str, problem: ImageError) -> str:
    """What AWS says when an image can't be pulled, with what to do here."""
    return (
        f"ClientError: Cannot find repository: {uri}. Please check if your ECR repository and image exist and role "
        f"{role_arn} has proper pull permissions for SageMaker: ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, "
        f"ecr:GetDownloadUrlForLayer (embedded AWS: {problem})"
    )


def _metric_value(pattern: re.Pattern[str], line: str) -> tuple[float] | None:
    found = pattern.search(line)
    if found is None:
        return None
    try:
        return (float(found.group(1)),)
    except (IndexError, ValueError):
        return None
