"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

from __future__ import annotations

import re
import time
from typing import Any

from local.awsjson import ApiError, Context, Operation, Request
from local.sagemaker.backend import Backend, arn, check_role, keep_tags, new_row, not_valid
from local.sagemaker.jobs import TrainingRun, add_transition, announce
from local.sagemaker.listing import Listing, list_page
from local.sagemaker.store import Row

LISTING = Listing("TrainingJobName", "TrainingJobSummaries", "TrainingJobStatus", order="Ascending")
DAY = 86_400  # MaxRuntimeInSeconds when it is not given


class TrainingJobs:
    """The operations on training jobs; local.sagemaker.jobs runs them."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._table = backend.store.table("training-job")

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "ListTrainingJobs": self.page,
            "StopTrainingJob": self.stop,
        }

    def create(self, request: Request, _context: Context) -> dict[str, Any]:
        name = request["TrainingJobName"]
        job_arn = arn("training-job", name)
        _check_job(request)
        row = new_row(
            request,
            TrainingJobArn=job_arn,
            TrainingJobStatus="InProgress",
            SecondaryStatus="Starting",
            SecondaryStatusTransitions=add_transition([], "Starting"),
            StoppingCondition={"MaxRuntimeInSeconds": DAY, **request.get("StoppingCondition", {})},
        )
        if not self._table.add(name, row):
            raise ApiError(
                "ResourceInUse",
                "Training job names must be unique within an AWS account and region, and a training job with this "
                f"name already exists ({job_arn})",
            )
        keep_tags(self._backend, job_arn, request.get("Tags", []))
        run = TrainingRun(row, self._table, self._backend)
        self._backend.runs[job_arn] = run
        run.start()
        return {"TrainingJobArn": job_arn}

    def describe(self, request: Request, _context: Context) -> Row:
        row = self._table.get(request["TrainingJobName"])
        if row is None:
            raise not_valid("Requested resource not found.")
        return row

    def page(self, request: Request, _context: Context) -> dict[str, Any]:
        return list_page(LISTING, self._table, request)

    def stop(self, request: Request, context: Context) -> None:
        row = self.describe(request, context)
        if row["TrainingJobStatus"] != "InProgress":
            raise not_valid(
                f"The request was rejected because the training job is in status {row['TrainingJobStatus']}."
            )
        transitions = add_transition(row["SecondaryStatusTransitions"], "Stopping")
        changed = self._table.update(
            row["TrainingJobName"],
            TrainingJobStatus="Stopping",
            SecondaryStatus="Stopping",
            SecondaryStatusTransitions=transitions,
        )
        announce(self._backend.telemetry, changed or row)
        self._backend.runs[row["TrainingJobArn"]].stop()

    def interrupt(self) -> None:
        """After a restart: what ran before is gone, and AWS has a word for that."""
        for row in self._backend.left(self._table):
            if row["TrainingJobStatus"] in ("InProgress", "Stopping"):
                reason = "InternalServerError: We encountered an internal error. Please try again. (emulator restarted)"
                self._table.update(
                    row["TrainingJobName"],
                    TrainingJobStatus="Failed",
                    SecondaryStatus="Failed",
                    FailureReason=reason,
                    TrainingEndTime=time.time(),
                    SecondaryStatusTransitions=add_transition(row["SecondaryStatusTransitions"], "Failed", reason),
                )


def _check_job(request: Request) -> None:
    """What the service model does not say about a job."""
    for name in ("AlgorithmSpecification", "ResourceConfig"):
        if name not in request:
            raise not_valid(f"{name} is required for the training job.")
    for definition in request["AlgorithmSpecification"].get("MetricDefinitions", []):
        _check_pattern(definition["Regex"])
    check_role(request["RoleArn"])
    resources = request["ResourceConfig"]
    count = resources.get("InstanceCount", 1)
    if count > 1:
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{resources.get('InstanceType')} for training job usage' is 1 Instances, "
            f"with current utilization of 0 Instances and a request delta of {count} Instances. (The embedded AWS has "
            "one machine.)",
        )
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source is None or source["S3DataType"] not in ("S3Prefix", "S3Object"):
            raise not_valid(f"Channel {channel['ChannelName']}: the embedded AWS reads S3Prefix and S3Object only.")
        if channel.get("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"]) == "Pipe":
            raise not_valid(f"Channel {channel['ChannelName']}: the embedded AWS has no Pipe mode.")


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as problem:
        raise not_valid(f"Invalid regular expression {pattern!r}: {problem}") from problem
