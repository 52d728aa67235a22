"""Each port twice: in memory, and on the embedded AWS. One suite a port holds both to the same contract."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local.connection import Connection
from tests.embedded import add_image, make_role, unique, write_program

SERVE = f"""#!{sys.executable}
import http.server, json, os, time

ANSWERS = {{
    "answer": (200, {{"predictions": [{{"value": 1.5}}]}}),
    "refuse": (422, {{"detail": "wrong", "errors": [{{"field": "inputs[0].x", "detail": "expected a number"}}]}}),
    "grumble": (400, {{"message": "no problem+json"}}),
    "fail": (500, {{"detail": "out of memory"}}),
    "mumble": (200, None),
    "exceed": (200, {{"predictions": [{{"value": float("nan")}}]}}),
    "dawdle": (200, {{"predictions": [{{"value": 1.5}}]}}),
}}

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        body, kind = self.rfile.read(int(self.headers["Content-Length"])), self.headers["Content-Type"]
        do = json.loads(body)["inputs"][0]["do"] if kind == "application/json" else "echo"
        status, answer = ANSWERS.get(do, (200, {{"content_type": kind}}))
        time.sleep(1.5 if do == "dawdle" else 0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"not json" if answer is None else json.dumps(answer).encode())

address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
TRAIN = '#!/bin/sh\necho trained > "$SM_MODEL_DIR/model.txt"\n'


def role(aws: Connection, *actions: str) -> str:
    """A role of SageMaker and Step Functions that may do this; its ARN."""
    grant = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return make_role(aws, unique("contract"), ["sagemaker", "states"], grant)


@pytest.fixture(scope="session")
def image(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image whose model answers what a row asks for."""
    folder = tmp_path_factory.mktemp("image")
    for program, text in (("train", TRAIN), ("serve", SERVE)):
        write_program(folder / program, text)
    return add_image(state_dir, "contract:local", folder)
