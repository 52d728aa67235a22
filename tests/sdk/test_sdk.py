"""The SageMaker SDK (v3), unmodified, against the embedded AWS: runs where it is installed (docs/sagemaker-sdk.md)."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heirloom.adapters.project_folder import bundle, read_project
from heirloom.core.dataset.schema import inspect
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import add_image, free_port, make_role
from tests.image.programs import DATA, REPOSITORY, make_project

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sagemaker") is None, reason="the SageMaker SDK is an extra")

IMAGE, BUCKET = "heirloom-image:local", "laptop-bucket"
SCRIPT = Path(__file__).with_name("train_and_deploy.py")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """An embedded AWS with the image of the repository."""
    state = tmp_path_factory.mktemp("sdk") / "state"
    embedded = EmbeddedAws(state, free_port())
    connection = embedded.start(die_with_parent=True)
    add_image(state, IMAGE, REPOSITORY / "image" / "bin", Path(sys.executable).parent)
    yield connection
    embedded.stop()


@pytest.fixture(scope="module")
def role(aws: Connection) -> str:
    """A role that SageMaker may take on, and that may do anything, as the SDK expects of one."""
    return make_role(aws, "laptop", ["sagemaker"], {"Effect": "Allow", "Action": "*", "Resource": "*"})


@pytest.fixture(scope="module")
def bucket(aws: Connection, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bucket with the data and the code of a small project."""
    project = make_project(tmp_path_factory.mktemp("project") / "wine")
    bundle(project, project / "project.tar.gz")
    schema = inspect([DATA.encode()], read_project(project).data).schema.to_document()
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="data/data.csv", Body=DATA.encode())
    s3.put_object(Bucket=BUCKET, Key="data/schema.json", Body=json.dumps(schema).encode())
    s3.upload_file(str(project / "project.tar.gz"), BUCKET, "code/project.tar.gz")
    return BUCKET


@pytest.fixture(scope="module")
def found(aws: Connection, role: str, bucket: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the SDK's user got."""
    settings = tmp_path_factory.mktemp("settings") / "config.yaml"
    quiet = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    settings.write_text(json.dumps(quiet))
    environment = {**os.environ, **aws.environment(), "SAGEMAKER_USER_CONFIG_OVERRIDE": str(settings)}
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), IMAGE, role, bucket],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def test_trains_a_job_that_is_listed(found: dict[str, Any]) -> None:
    assert found["status"] == "Completed"
    assert found["listed"]


@pytest.mark.parametrize("form", ["instance", "serverless"])
def test_deploys_and_is_answered(found: dict[str, Any], form: str) -> None:
    (prediction,) = found[form]["predictions"]

    assert prediction["label"] is True


def test_deletes_what_it_made(found: dict[str, Any]) -> None:
    assert found["left"] == []
