"""`python -m tests.differential.mlflow_app`: MLflow's own server application, asked line by line.

It is what `mlflow server` serves: that mounts this very Flask application, which has all routes of tracking and of the
registry, behind uvicorn (mlflow/server/fastapi_app.py). Without HTTP a request takes a quarter of the time, and without
the command line's own imports it begins in a third. A process of its own, since MLflow's imports warn.

A line of JSON asks, ``{"method", "path", "query", "body"}``, and a line answers, ``{"status", "body"}``;
``{"keep": true}`` keeps the store as it is, and ``{"back": true}`` makes it so again.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
from tempfile import TemporaryDirectory
from typing import Any, TextIO

ROOT = "s3://bucket/experiments"


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    with TemporaryDirectory() as folder:
        _serve(f"sqlite:///{folder}/mlflow.db", answers)


def _serve(uri: str, answers: TextIO) -> None:
    app, engine = _app(uri)
    client, kept = app.test_client(), sqlite3.connect(":memory:")
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        asked, answer = json.loads(line), dict[str, Any]()
        if asked.keys() & {"keep", "back"}:
            store = engine.raw_connection()
            ends = (store.driver_connection, kept)
            source, target = ends if "keep" in asked else reversed(ends)
            source.backup(target)
            store.close()
        else:
            body = {"data": asked["body"], "content_type": "application/json"} if asked["body"] else {}
            reply = client.open(asked["path"], method=asked["method"], query_string=asked["query"], **body)
            answer = {"status": reply.status_code, "body": reply.get_data(as_text=True)}
        print(json.dumps(answer), file=answers, flush=True)


def _app(uri: str) -> tuple[Any, Any]:
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "_MLFLOW_SERVER_FILE_STORE": uri,
        "_MLFLOW_SERVER_ARTIFACT_ROOT": ROOT,
    }
    from mlflow.server import app, handlers  # noqa: PLC0415 - what it is reads the environment

    handlers.initialize_backend_stores(uri, uri, ROOT)
    logging.disable(logging.CRITICAL)
    return app, handlers._get_tracking_store().engine


if __name__ == "__main__":
    main()
