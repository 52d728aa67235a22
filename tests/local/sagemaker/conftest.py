"""An embedded AWS of its own, with short limits, and images whose programs are a few lines long."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import launcher
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import add_image, free_port, make_role, wait_for, write_program

LIMITS = {
    "HEIRLOOM_SAGEMAKER_STOP_GRACE_SECONDS": "1",
    "HEIRLOOM_SAGEMAKER_START_TIMEOUT_SECONDS": "5",
    "HEIRLOOM_SAGEMAKER_INVOKE_TIMEOUT_SECONDS": "1.5",
}
BUCKET = "sagemaker-tests"
SERVE = f"""#!{sys.executable}
import http.server, os, time

CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(CUSTOM, self.headers.get(CUSTOM, "none"))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        command, _, argument = body.partition(b" ")
        if command == b"die":
            os._exit(3)
        if command == b"sleep":
            time.sleep(float(argument))
        if command == b"status":
            return self.answer(int(argument), b'{{"detail": "refused"}}')
        if command == b"long":
            return self.answer(200, b"x" * int(argument))
        if command == b"environment":
            return self.answer(200, os.environ.get(argument.decode(), "").encode(), "text/plain")
        base = os.environ["SAGEMAKER_BASE_DIR"]
        self.answer(200, open(base + "/model/name.txt", "rb").read(), self.headers.get("Accept", "text/plain"))

print("serving", flush=True)
address = (os.environ["SAGEMAKER_BIND_TO_HOST"], int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""
TRAIN = '#!/bin/sh\necho "$SM_HP_NAME" > "$SM_MODEL_DIR/name.txt"\n'
SERVICES = ["sagemaker", "states"]


@dataclass
class Lab:
    """An embedded AWS, a bucket, a role that may use it, and images made as a test needs them."""

    aws: Connection
    state_dir: Path
    role: str
    programs: Path

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    @property
    def sagemaker(self) -> Any:
        return self.aws.client("sagemaker")

    def make_role(self, name: str, *statements: dict[str, Any]) -> str:
        """A role that SageMaker and Step Functions may assume; its ARN."""
        return make_role(self.aws, name, SERVICES, *statements)

    def image(self, name: str, train: str = TRAIN, serve: str = SERVE) -> str:
        """Make an image known, of two programs given as text; its URI."""
        directory = self.programs / name
        directory.mkdir(parents=True)
        for program, text in (("train", train), ("serve", serve)):
            write_program(directory / program, text)
        return add_image(self.state_dir, f"{name}:local", directory, FROM_IMAGE=name)

    def put(self, key: str, body: str) -> str:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())
        return f"s3://{BUCKET}/{key}"

    def job_request(self, name: str, image: str, **changes: Any) -> dict[str, Any]:
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "HyperParameters": {"name": name},
            **changes,
        }

    def train(self, name: str, image: str, **changes: Any) -> dict[str, Any]:
        """Run a job to its end; its description."""
        self.sagemaker.create_training_job(**self.job_request(name, image, **changes))
        return self.ended(name)

    def ended(self, name: str) -> dict[str, Any]:
        def described() -> dict[str, Any] | None:
            job: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

        job: dict[str, Any] = wait_for(described)
        return job

    def model_data(self, name: str) -> str:
        """What a job with TRAIN would have made; its URI."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            member = tarfile.TarInfo("name.txt")
            member.size = len(name) + 1
            tar.addfile(member, io.BytesIO(f"{name}\n".encode()))
        self.client("s3").put_object(Bucket=BUCKET, Key=f"models/{name}.tar.gz", Body=archive.getvalue())
        return f"s3://{BUCKET}/models/{name}.tar.gz"

    def config(self, name: str, image: str, **variant: Any) -> str:
        """A model of that name, in an endpoint configuration of that name."""
        container = {"Image": image, "ModelDataUrl": self.model_data(name)}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=container)
        form = variant or {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        variants = [{"VariantName": "AllTraffic", "ModelName": name, **form}]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """An endpoint's description when it is neither being made nor changed."""

        def described() -> dict[str, Any] | None:
            endpoint: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

        endpoint: dict[str, Any] = wait_for(described)
        return endpoint

    def deploy(self, name: str, image: str, **variant: Any) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config(name, image, **variant))
        return self.settled(name)

    def invoke(self, endpoint: str, body: str = "name", **options: Any) -> str:
        answer = self.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=body.encode(), **options)
        text: bytes = answer["Body"].read()
        return text.decode()

    def log(self, group: str) -> list[str]:
        """What a log group holds; nothing while there is none."""
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]


@pytest.fixture(scope="session")
def start_aws() -> Iterator[Callable[[Path], tuple[EmbeddedAws, Connection]]]:
    """Start an embedded AWS with the short limits; ended with the tests."""
    started: list[EmbeddedAws] = []

    def start(state_dir: Path) -> tuple[EmbeddedAws, Connection]:
        embedded = EmbeddedAws(state_dir, free_port())
        started.append(embedded)
        return embedded, embedded.start(die_with_parent=True)

    with pytest.MonkeyPatch.context() as patch:
        made = launcher.settings
        patch.setattr(launcher, "settings", lambda *arguments: {**made(*arguments), **LIMITS})
        yield start
    for embedded in started:
        embedded.stop()


def make_lab(aws: Connection, state_dir: Path, programs: Path) -> Lab:
    aws.client("s3").create_bucket(Bucket=BUCKET)
    grant = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    }
    return Lab(aws, state_dir, make_role(aws, "sagemaker-tests", SERVICES, grant), programs)


@pytest.fixture(scope="session")
def lab(start_aws: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Lab:
    directory = tmp_path_factory.mktemp("sagemaker")
    _, aws = start_aws(directory / "state")
    return make_lab(aws, directory / "state", directory / "programs")
