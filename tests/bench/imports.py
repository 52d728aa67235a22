"""What a cold function takes until it can answer: its handler imported and its clients made, in a process of its own.

Beside it what no function of ours can save: boto3 and the same clients.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROUNDS = 9
ROOT = Path(__file__).parents[2]
HANDLERS = ROOT / "functions" / "heirloom" / "handlers"
# Not functions: what they share.
SHARED = ("edge", "custom_resource")
CLOCKED = "import time; started = time.process_time()\n{}\nprint(time.process_time() - started)"
READY = """
import importlib, inspect
handler = importlib.import_module("heirloom.handlers.{}").lambda_handler
held = inspect.getclosurevars(handler).nonlocals
while "ports" not in held:  # one entry point is wrapped in another
    held = inspect.getclosurevars(held["step"]).nonlocals
for make in held["ports"].values():
    make()
"""
SERVICES = (
    """
import boto3, json
made, client = [], boto3.client
boto3.client = lambda service, **settings: made.append(service) or client(service, **settings)
"""
    + READY
    + """
print(json.dumps(made))
"""
)


def table() -> list[str]:
    """Rows of a Markdown table: medians of processor time, in milliseconds."""
    rows = ["| handler | boto3 and its clients, ms | ready to answer, ms | ratio |", "|---|---|---|---|"]
    for path in sorted(HANDLERS.glob("[!_]*.py")):
        if path.stem not in SHARED:
            services = json.loads(_run(SERVICES.format(path.stem)))
            made = "; ".join(f"boto3.client({service!r})" for service in services)
            floor, ready = _median(f"import boto3; {made}"), _median(READY.format(path.stem))
            rows.append(f"| {path.stem} | {floor:.0f} | {ready:.0f} | {ready / floor:.2f} |")
    return rows


def _median(statements: str) -> float:
    """Of ``ROUNDS`` processes, in milliseconds."""
    return 1000 * statistics.median(float(_run(CLOCKED.format(statements))) for _ in range(ROUNDS))


def _run(program: str) -> str:
    """What ``program`` prints, with the environment of a function."""
    tables = (f"HEIRLOOM_{name}_TABLE" for name in ("LINEAGE", "PREDICTIONS", "ROUTES"))
    names = (*tables, "HEIRLOOM_DATA_BUCKET", "HEIRLOOM_ARTIFACT_BUCKET")
    environment = (
        os.environ
        | dict.fromkeys(names, "x")
        | {
            "AWS_DEFAULT_REGION": "us-east-1",
            "HEIRLOOM_PREFIX": "heirloom",
            "POWERTOOLS_METRICS_NAMESPACE": "Heirloom",
            "PYTHONPATH": str(ROOT / "functions"),
        }
    )
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
