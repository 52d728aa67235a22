"""MLflow's own server, one worker, on SQLite or on PostgreSQL, and the runs that its database is filled with.

With its usual four workers it takes 41 ms more for each request; one shows it at its best.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import sqlalchemy

from tests.bench.tracking.client import Server
from tests.bench.tracking.runs import Run, runs
from tests.embedded import free_port

START_SECONDS = 120
AT_ONCE = 5_000
POSTGRES = "postgres"
"""Debian's package makes a user of this name; PostgreSQL does not run as root."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


@contextmanager
def served(name: str, uri: str, folder: Path) -> Iterator[Server]:
    """A server on this database, which it makes its tables in."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    options = ["--backend-store-uri", uri, "--artifacts-destination", str(folder / "artifacts"), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", "server", *options, "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env={**os.environ, **QUIET}, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield Server(name, f"http://127.0.0.1:{port}")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # it may be at a search that nobody waits for any more
            process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The URI of a database of its own. Raises RuntimeError where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    folder.mkdir(parents=True)
    user = POSTGRES if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    port, data = free_port(), folder / "data"
    run: Mapping[str, Any] = {"user": user, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([programs / "initdb", "-D", data, "-U", POSTGRES, "--auth=trust"], check=True, **run)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    subprocess.run(
        [programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start"], check=True, **run
    )
    try:
        yield f"postgresql+psycopg2://{POSTGRES}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([programs / "pg_ctl", "-D", data, "-m", "fast", "stop"], check=True, **run)


def fill(there: Server, uri: str, count: int) -> str:
    """An experiment with so many runs, written past the server; its id."""
    experiment = str(there.connect()("experiments/create", {"name": f"bench-{count}"})["experiment_id"])
    engine = sqlalchemy.create_engine(uri)
    schema = sqlalchemy.MetaData()
    schema.reflect(engine, only=["runs", "metrics", "latest_metrics", "params", "tags"])
    left = runs(count)
    while some := list(islice(left, AT_ONCE)):
        with engine.begin() as connection:
            for table, rows in _rows(experiment, some).items():
                connection.execute(schema.tables[table].insert(), rows)
    if uri.startswith("postgresql"):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sqlalchemy.text("ANALYZE"))  # as its daemon does after a while
    engine.dispose()
    return experiment


def _rows(experiment: str, some: Sequence[Run]) -> dict[str, list[dict[str, Any]]]:
    ids = {run.number: f"{int(experiment):02x}{run.drawn[2:]}" for run in some}
    points = [
        {"run_uuid": ids[run.number], "key": key, "value": value, "timestamp": run.end, "step": 0, "is_nan": False}
        for run in some
        for key, value in run.metrics.items()
    ]
    return {
        "runs": [_run(experiment, ids[run.number], run) for run in some],
        "metrics": points,
        "latest_metrics": points,
        "params": [
            {"run_uuid": ids[run.number], "key": key, "value": value}
            for run in some
            for key, value in run.params.items()
        ],
        "tags": [
            {"run_uuid": ids[run.number], "key": key, "value": value} for run in some for key, value in run.tags.items()
        ],
    }


def _run(experiment: str, identity: str, run: Run) -> dict[str, Any]:
    return {
        "run_uuid": identity,
        "name": run.tags["mlflow.runName"],
        "source_type": "LOCAL",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "bench",
        "status": run.status,
        "start_time": run.start,
        "end_time": run.end,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": f"s3://bench/{experiment}/{identity}/artifacts",
        "experiment_id": int(experiment),
    }


def _programs() -> Path | None:
    """Where Debian keeps what its package leaves out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    known = shutil.which("initdb")
    return found[-1].parent if found else Path(known).parent if known else None


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    raise RuntimeError(f"{url} did not answer: see the server's log")
