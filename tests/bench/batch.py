"""A batch's figures: 100,000 flights through the deployed state machine."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.embedded import unique
from tests.local.stack.client import Stack

MODEL = "flight-delay"
ROWS = 100_000
SECONDS = 900


def batch_table(stack: Stack, body: bytes) -> list[str]:
    """Rows of ``body``, again and again up to ROWS, by the champion; then the same batch again, which asks nothing."""
    header, rows = body.split(b"\n", 1)
    lines = rows.splitlines(keepends=True)
    file = header + b"\n" + b"".join((lines * (ROWS // len(lines) + 1))[:ROWS])
    bucket, folder = stack.outputs["ArtifactBucket"], unique("batch/bench")
    stack.aws.client("s3").put_object(Bucket=bucket, Key=f"{folder}/flights.csv", Body=file)
    order = {"model": MODEL, "source": f"s3://{bucket}/{folder}/flights.csv", "target": f"s3://{bucket}/{folder}/"}
    report, seconds = _run(stack, order)
    again = _run(stack, order)[1]
    return [
        f"| a batch of {report['rows']:,} rows, {len(file) / 1e6:.1f} MB | |",
        "|---|---|",
        f"| parts, requests | {report['parts']}, {report['requests']} |",
        f"| rows answered, failed | {report['answered']:,}, {report['failed']:,} |",
        f"| from its start to report.json | {seconds:.1f} s |",
        f"| rows a second | {report['rows'] / seconds:,.0f} |",
        f"| the same batch again, nothing to ask | {again:.1f} s |",
    ]


def _run(stack: Stack, order: dict[str, str]) -> tuple[dict[str, Any], float]:
    """The report of a batch, and the seconds that it took."""
    states, started = stack.aws.client("stepfunctions"), time.monotonic()
    document = json.dumps({"batch": order})
    arn = states.start_execution(stateMachineArn=stack.outputs["BatchMachine"], input=document)["executionArn"]
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() - started > SECONDS:
            raise SystemExit(f"the batch has not ended after {SECONDS} s")
        time.sleep(0.1)
    if found["status"] != "SUCCEEDED":
        raise SystemExit(f"the batch failed: {found.get('error')}: {found.get('cause')}")
    return json.loads(found["output"]), time.monotonic() - started
