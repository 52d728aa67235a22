"""Stacks on the embedded AWS, and an image that serves: a program of the standard library, fast to start."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.connection import Connection
from tests.embedded import add_image, make_role, write_program

SERVE = """#!{python}
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.answer(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(os.environ.get("ANSWER", "").encode())
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
address = (os.environ.get("SAGEMAKER_BIND_TO_HOST", "127.0.0.1"), int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
BROKEN = """#!{python}
import sys
sys.exit("the model file is damaged")
"""

Template = dict[str, Any]


class Stack:
    """One stack, made and changed and deleted as a template says, each time to the end."""

    def __init__(self, aws: Connection, name: str) -> None:
        self.name = name
        self._formation = aws.client("cloudformation")

    def create(self, resources: Template, **outputs: Any) -> dict[str, str]:
        self._formation.create_stack(StackName=self.name, TemplateBody=_template(resources, outputs))
        self._wait("stack_create_complete")
        return self.outputs()

    def update(self, resources: Template, **outputs: Any) -> dict[str, str]:
        self._formation.update_stack(StackName=self.name, TemplateBody=_template(resources, outputs))
        self._wait("stack_update_complete")
        return self.outputs()

    def delete(self) -> None:
        self._formation.delete_stack(StackName=self.name)
        self._wait("stack_delete_complete")

    def outputs(self) -> dict[str, str]:
        found = self._formation.describe_stacks(StackName=self.name)["Stacks"][0].get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in found}

    def status(self) -> str:
        return str(self._formation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def reasons(self) -> str:
        """Why resources failed."""
        events = self._formation.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def _wait(self, waiter: str) -> None:
        settings = {"Delay": 0.1, "MaxAttempts": 300}  # type: ignore[var-annotated]
        self._formation.get_waiter(waiter).wait(StackName=self.name, WaiterConfig=settings)


def _template(resources: Template, outputs: Template) -> str:
    given = {name: {"Value": value} for name, value in outputs.items()}
    return json.dumps({"Resources": resources, "Outputs": given})


@pytest.fixture
def stack(aws: Connection, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack of the test's own name; what is left of it is deleted afterwards."""
    made = Stack(aws, request.node.name.replace("_", "-")[:40].strip("-"))
    yield made
    made.delete()


@pytest.fixture(scope="session")
def image(aws: Connection, state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Register an image whose ``serve`` is a program; its URI."""

    def register(program: str) -> str:
        folder = tmp_path_factory.mktemp("image")
        write_program(folder / "serve", program.format(python=sys.executable))
        return add_image(state_dir, f"{folder.name}:local", folder)

    return register


@pytest.fixture(scope="session")
def serving_image(image: Callable[[str], str]) -> str:
    return image(SERVE)


@pytest.fixture(scope="session")
def broken_image(image: Callable[[str], str]) -> str:
    return image(BROKEN)


@pytest.fixture(scope="session")
def model_url(aws: Connection) -> str:
    """A model.tar.gz in S3."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model.txt"))
    aws.client("s3").create_bucket(Bucket="formation-models")
    aws.client("s3").put_object(Bucket="formation-models", Key="model.tar.gz", Body=stream.getvalue())
    return "s3://formation-models/model.tar.gz"


@pytest.fixture(scope="session")
def role(aws: Connection) -> str:
    """A role that SageMaker may assume, and that may read the model."""
    allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "logs:*"], "Resource": "*"}
    return make_role(aws, "serving", ["sagemaker"], allow)
