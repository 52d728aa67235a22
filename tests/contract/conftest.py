"""Each port twice: in memory, and on the embedded AWS. One suite a port holds both to the same contract."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.connection import Connection
from tests.local.conftest import aws, state_dir  # noqa: F401 - the embedded AWS of the session

SERVE = f"""#!{sys.executable}
import http.server, json, os

ANSWERS = {{
    "answer": (200, {{"predictions": [{{"value": 1.5}}]}}),
    "refuse": (422, {{"detail": "wrong", "errors": [{{"field": "inputs[0].x", "detail": "expected a number"}}]}}),
    "grumble": (400, {{"message": "no problem+json"}}),
    "fail": (500, {{"detail": "out of memory"}}),
    "mumble": (200, None),
}}

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        status, answer = ANSWERS[rows[0]["do"]]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"not json" if answer is None else json.dumps(answer).encode())

address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
TRAIN = '#!/bin/sh\necho trained > "$SM_MODEL_DIR/model.txt"\n'
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["sagemaker.amazonaws.com", "states.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


def unique(stem: str) -> str:
    """A name that no other test has."""
    return f"{stem}-{uuid4().hex[:8]}"


def waited(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
    return found


def role(aws: Connection, *actions: str) -> str:  # noqa: F811
    """A role of SageMaker and Step Functions that may do this; its ARN."""
    iam, name = aws.client("iam"), unique("contract")
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="grants", PolicyDocument=document)
    return str(made["Arn"])


@pytest.fixture(scope="session")
def image(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: F811
    """An image whose model answers what a row asks for."""
    folder = tmp_path_factory.mktemp("image")
    for program, text in (("train", TRAIN), ("serve", SERVE)):
        (folder / program).write_text(text)
        (folder / program).chmod(0o755)
    (state_dir / "images.json").write_text(json.dumps({"contract:local": {"path": [str(folder)], "environment": {}}}))
    return "contract:local"
