"""The deployed stack's figures: from an upload to serving, and what a prediction takes on each way."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from tests.local.stack.client import Stack

REQUESTS = 400
MODEL = "flight-delay"


def pipeline_table(stack: Stack, body: bytes) -> list[str]:
    """Upload ``body``, wait until it serves, and tell training from the rest, in seconds."""
    started = time.monotonic()
    run = stack.upload(MODEL, "bench.csv", body)
    execution = stack.wait(run, 600)
    total = time.monotonic() - started
    if execution["status"] != "SUCCEEDED":
        raise SystemExit(f"the run failed: {execution.get('cause')}")
    job = stack.aws.client("sagemaker").describe_training_job(TrainingJobName=run)
    training = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    return [
        "| from the upload to the new version serving | s |",
        "|---|---|",
        f"| all of it | {total:.1f} |",
        f"| the training job itself (download, fit, score, upload) | {training:.1f} |",
        f"| the rest: validate, register, deploy, test, route | {total - training:.1f} |",
    ]


def prediction_table(stack: Stack, row: dict[str, Any]) -> list[str]:
    """One row at a time over a kept connection, warm, by three ways."""
    runtime = stack.aws.client("sagemaker-runtime")
    version = stack.predict(MODEL, [row])[1]["version"]
    body = json.dumps({"inputs": [row]})
    endpoint = {"EndpointName": f"heirloom-{MODEL}-v{version}", "ContentType": "application/json", "Body": body}

    def direct() -> bytes:
        return bytes(runtime.invoke_endpoint(**endpoint)["Body"].read())

    ways: dict[str, Callable[[], Any]] = {
        "POST /models/{model}/predictions, through API Gateway": lambda: stack.predict(MODEL, [row]),
        "InvokeEndpoint, direct": direct,
    }
    rows = ["| one row, one client | p50 ms | p95 ms |", "|---|---|---|"]
    for name, call in ways.items():
        p50, p95 = _percentiles(call)
        rows.append(f"| {name} | {p50:.1f} | {p95:.1f} |")
    return rows


def _percentiles(call: Callable[[], Any]) -> tuple[float, float]:
    for _ in range(20):
        call()
    times = []
    for _ in range(REQUESTS):
        before = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - before))
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def large_file_table(stack: Stack, body: bytes) -> list[str]:
    """Upload a file of 200 MB whose last row is wrong: from the upload's end to its refusal."""
    run = stack.upload(MODEL, "large.csv", body)
    started = time.monotonic()
    execution = stack.wait(run, 600)
    if execution["status"] != "FAILED" or execution.get("error") != "dataset":
        raise SystemExit(f"the file should have been refused: {execution}")
    return [
        "| a file of 200 MB whose last row is wrong | |",
        "|---|---|",
        f"| rows | {len(body.splitlines()) - 1:,} |",
        f"| from the upload's end to the refusal that names the line | {time.monotonic() - started:.1f} s |",
    ]
