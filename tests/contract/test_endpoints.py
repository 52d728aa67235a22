"""The ports Endpoints, Deployments and Jobs, which are about the same few endpoints and jobs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from heirloom.adapters.memory import MemoryDeployments, MemoryEndpoints, MemoryJobs
from heirloom.adapters.sagemaker.deployments import SageMakerDeployments
from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints
from heirloom.adapters.sagemaker.jobs import SageMakerJobs
from heirloom.core.errors import Invalid, ModelFailed, Problem, Unavailable
from heirloom.core.prediction.answer import Endpoints
from heirloom.core.prediction.request import body_of
from heirloom.core.project.registration import Deployments
from heirloom.core.run.runs import Job, Jobs
from local.connection import Connection
from tests.contract.conftest import role
from tests.embedded import unique, wait_for

REFUSAL = Invalid("wrong", (Problem("inputs[0].x", "a number"),))


class Host(Protocol):
    """The ports under test; ``endpoint`` is in service, and ``job`` trained its model."""

    endpoint: str
    job: str
    endpoints: Endpoints
    deployments: Deployments
    jobs: Jobs

    def made(self, name: str) -> None:
        """An endpoint configuration and a model of this name are there."""


class InMemory:
    def __init__(self) -> None:
        self.endpoint, self.job = "contract-wine-v1", "wine-1"
        self._deployments = MemoryDeployments({self.endpoint})
        self.deployments: Deployments = self._deployments
        self.endpoints: Endpoints = _ByRow(self.endpoint)
        self.jobs: Jobs = MemoryJobs({self.job: Job(self.job, "Completed", "Completed")})

    def made(self, name: str) -> None:
        self._deployments.up.add(name)


class _ByRow(MemoryEndpoints):
    """What the image of the contract tests does, said in memory's words."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    def invoke(
        self, endpoint: str, body: bytes, *, content_type: str = "application/json", seconds: float | None = None
    ) -> Any:
        told = {
            "answer": {"predictions": [{"value": 1.5}]},
            "refuse": REFUSAL,
            "grumble": Invalid("the model refuses the input"),
            "fail": ModelFailed("failed"),
            "mumble": Unavailable("no JSON"),
            "exceed": Unavailable("no JSON"),
            "dawdle": {"predictions": [{"value": 1.5}]},
            "echo": {"content_type": content_type},
        }
        do = json.loads(body)["inputs"][0]["do"] if content_type == "application/json" else "echo"
        self.answers = {self._endpoint: told[do]}
        self.silent = {self._endpoint: 1.5 if do == "dawdle" else 0}
        return super().invoke(endpoint, body, content_type=content_type, seconds=seconds)


class OnSageMaker:
    def __init__(self, aws: Connection, image: str) -> None:
        self._client: Any = aws.client("sagemaker")
        self._role, self._image = role(aws, "s3:*", "logs:*", "cloudwatch:PutMetricData"), image
        self._bucket, self.job = unique("contract"), unique("wine")
        self.endpoint = f"{unique('contract')}-wine-v1"
        aws.client("s3").create_bucket(Bucket=self._bucket)
        runtime = aws.client("sagemaker-runtime")
        self.endpoints: Endpoints = SageMakerEndpoints(runtime, lambda seconds: runtime)
        self.deployments: Deployments = SageMakerDeployments(self._client, aws.client("application-autoscaling"))
        self.jobs: Jobs = SageMakerJobs(self._client)
        self._artifacts = self._train()
        self.made(self.endpoint)
        self._client.create_endpoint(EndpointName=self.endpoint, EndpointConfigName=self.endpoint)
        wait_for(lambda: self._status() == "InService")

    def made(self, name: str) -> None:
        container = {"Image": self._image, "ModelDataUrl": self._artifacts}
        self._client.create_model(ModelName=name, ExecutionRoleArn=self._role, PrimaryContainer=container)
        form = {"MemorySizeInMB": 1024, "MaxConcurrency": 5}
        variants = [{"VariantName": "AllTraffic", "ModelName": name, "ServerlessConfig": form}]
        self._client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)

    def _train(self) -> str:
        self._client.create_training_job(
            TrainingJobName=self.job,
            RoleArn=self._role,
            AlgorithmSpecification={"TrainingImage": self._image, "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": f"s3://{self._bucket}/runs"},
            ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        wait_for(lambda: self._job()["TrainingJobStatus"] == "Completed")
        return str(self._job()["ModelArtifacts"]["S3ModelArtifacts"])

    def _job(self) -> Any:
        return self._client.describe_training_job(TrainingJobName=self.job)

    def _status(self) -> str:
        return str(self._client.describe_endpoint(EndpointName=self.endpoint)["EndpointStatus"])


@pytest.fixture(scope="module", params=["memory", "aws"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    if request.param == "memory":
        yield InMemory()
    else:
        made = OnSageMaker(request.getfixturevalue("aws"), request.getfixturevalue("image"))
        yield made
        made.deployments.take_down(made.endpoint)


def ask(host: Host, do: str, seconds: float | None = None) -> Any:
    return host.endpoints.invoke(host.endpoint, body_of([{"do": do}]), seconds=seconds)


def test_gives_the_model_s_answer_as_it_is(host: Host) -> None:
    assert ask(host, "answer") == {"predictions": [{"value": 1.5}]}


def test_hands_on_what_the_model_says_is_wrong_with_the_input(host: Host) -> None:
    with pytest.raises(Invalid) as refused:
        ask(host, "refuse")

    assert str(refused.value) == "wrong"
    assert refused.value.problems == REFUSAL.problems


def test_hands_on_a_refusal_in_words_of_its_own(host: Host) -> None:
    with pytest.raises(Invalid, match="the model refuses the input"):
        ask(host, "grumble")


@pytest.mark.parametrize("do", ["mumble", "exceed"])
def test_a_model_that_answers_no_json_is_unavailable(host: Host, do: str) -> None:
    with pytest.raises(Unavailable):
        ask(host, do)


def test_a_model_that_fails_is_told_from_one_that_is_not_there(host: Host) -> None:
    with pytest.raises(ModelFailed):
        ask(host, "fail")


def test_an_answer_that_comes_in_time_is_as_good_as_any(host: Host) -> None:
    assert ask(host, "answer", seconds=20) == {"predictions": [{"value": 1.5}]}
    assert ask(host, "dawdle", seconds=20) == {"predictions": [{"value": 1.5}]}


def test_an_answer_that_is_late_is_not_waited_for(host: Host) -> None:
    started = time.monotonic()

    with pytest.raises(Unavailable, match=r"within 0\.5 s"):
        ask(host, "dawdle", seconds=0.5)

    assert time.monotonic() - started < 1


def test_sends_a_body_of_any_content_type(host: Host) -> None:
    assert host.endpoints.invoke(host.endpoint, b"a,b\n1,2\n", content_type="text/csv") == {"content_type": "text/csv"}


def test_an_endpoint_that_is_not_there_is_unavailable(host: Host) -> None:
    with pytest.raises(Unavailable):
        host.endpoints.invoke("contract-nowhere", body_of([{"do": "answer"}]))


def test_finds_a_training_job(host: Host) -> None:
    assert host.jobs.find(host.job) == Job(host.job, "Completed", "Completed")
    assert host.jobs.find("wine-nowhere") is None


def test_takes_down_what_is_there_of_a_deployment(host: Host) -> None:
    name = f"{unique('contract')}-beer-v2"
    host.made(name)
    assert host.deployments.names(name[:-1]) == (name,)

    host.deployments.take_down(name)
    host.deployments.take_down(name)

    assert host.deployments.names(name[:-1]) == ()


def test_names_only_what_begins_so(host: Host) -> None:
    name = f"{unique('contract')}-ale-v1"
    host.made(name)

    assert host.deployments.names(name[1:]) == ()
    assert host.deployments.names("contract-nothing") == ()

    host.deployments.take_down(name)
