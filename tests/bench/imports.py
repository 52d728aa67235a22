"""How long a cold function takes to import its handler, beside boto3 with one client, each in a process of its own."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 7
ROOT = Path(__file__).parents[2]
HANDLERS = ROOT / "functions" / "heirloom" / "handlers"
YARDSTICK = "import boto3; boto3.client('dynamodb')"


def table() -> list[str]:
    """Rows of a Markdown table: medians in milliseconds, less the interpreter's own start."""
    start = _median("pass")
    yardstick = _median(YARDSTICK) - start
    rows = [
        "| import | ms | of boto3 + DynamoDB client |",
        "|---|---|---|",
        f"| boto3 and a DynamoDB client | {yardstick:.0f} | 1.00 |",
    ]
    for path in sorted(HANDLERS.glob("[!_]*.py")):
        if path.stem != "edge":
            cost = _median(f"import heirloom.handlers.{path.stem}") - start
            rows.append(f"| {path.stem} | {cost:.0f} | {cost / yardstick:.2f} |")
    return rows


def _median(statement: str) -> float:
    """The median wall time of a Python process that runs ``statement``, in milliseconds."""
    clocked = f"import time; t = time.perf_counter()\n{statement}\nprint(time.perf_counter() - t)"
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "functions"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Heirloom",
    }
    times = [
        float(subprocess.run([sys.executable, "-c", clocked], env=environment, capture_output=True, check=True).stdout)
        for _ in range(ROUNDS)
    ]
    return 1000 * statistics.median(times)
