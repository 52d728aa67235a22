"""Models, endpoint configurations, endpoints, and InvokeEndpoint."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.embedded import wait_for
from tests.local.sagemaker.conftest import Lab

SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
DEAF = f"""#!{sys.executable}
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def endpoint(lab: Lab) -> str:
    """An endpoint in service on an instance, of a model that a job made."""
    image = lab.image("steady")
    artifacts = lab.train("steady", image)["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": image, "ModelDataUrl": artifacts}
    lab.sagemaker.create_model(ModelName="steady", ExecutionRoleArn=lab.role, PrimaryContainer=container)
    variants = [
        {"VariantName": "AllTraffic", "ModelName": "steady", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    ]
    lab.sagemaker.create_endpoint_config(EndpointConfigName="steady", ProductionVariants=variants)
    lab.sagemaker.create_endpoint(EndpointName="steady", EndpointConfigName="steady")
    assert lab.settled("steady")["EndpointStatus"] == "InService"
    return "steady"


def test_an_endpoint_serves_what_the_job_made(lab: Lab, endpoint: str) -> None:
    answer = lab.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=b"name", Accept="text/x-name", CustomAttributes="trace=1"
    )

    assert answer["Body"].read() == b"steady\n"
    assert answer["ContentType"] == "text/x-name"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "trace=1"


def test_an_endpoint_has_its_roles_credentials_and_its_models_environment(lab: Lab, endpoint: str) -> None:
    assert lab.invoke(endpoint, "environment AWS_ENDPOINT_URL") == lab.aws.endpoint_url
    assert lab.invoke(endpoint, "environment AWS_ACCESS_KEY_ID").startswith("ASIA")
    assert lab.invoke(endpoint, "environment FROM_IMAGE") == "steady"


def test_what_an_endpoint_prints_is_in_its_log(lab: Lab, endpoint: str) -> None:
    wait_for(lambda: "serving" in lab.log(f"/aws/sagemaker/Endpoints/{endpoint}"))


@pytest.mark.parametrize(("status", "kind"), [(422, "client"), (500, "server")])
def test_a_refusal_of_the_container_is_a_model_error(lab: Lab, endpoint: str, status: int, kind: str) -> None:
    client = lab.client("sagemaker-runtime")

    with pytest.raises(client.exceptions.ModelError) as refused:
        client.invoke_endpoint(EndpointName=endpoint, Body=f"status {status}".encode())

    answer = refused.value.response
    assert answer["OriginalStatusCode"] == status
    assert answer["OriginalMessage"] == '{"detail": "refused"}'
    assert answer["LogStreamArn"].endswith(f"log-group:/aws/sagemaker/Endpoints/{endpoint}")
    assert answer["Error"]["Message"].startswith(f"Received {kind} error ({status}) from primary with message ")


def test_a_container_that_takes_too_long_is_a_model_error(lab: Lab, endpoint: str) -> None:
    with pytest.raises(ClientError, match=r"\(ModelError\).*timed out while waiting for a response"):
        lab.invoke(endpoint, "sleep 3")


def test_requests_are_counted_and_timed_with_awss_dimensions(lab: Lab) -> None:
    lab.deploy("metered", lab.image("metered"))
    lab.invoke("metered")
    with pytest.raises(ClientError):
        lab.invoke("metered", "status 400")

    def statistic(name: str) -> dict[str, float]:
        now = datetime.now(UTC)
        points = lab.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=[{"Name": "EndpointName", "Value": "metered"}, {"Name": "VariantName", "Value": "AllTraffic"}],
            StartTime=now - timedelta(hours=2),
            EndTime=now + timedelta(hours=2),
            Period=14400,
            Statistics=["Sum", "SampleCount", "Maximum"],
        )["Datapoints"]
        return {key: sum(point[key] for point in points) for key in ("Sum", "SampleCount", "Maximum")}

    wait_for(lambda: statistic("Invocations")["Sum"] == 2)
    assert statistic("Invocation4XXErrors")["Sum"] == 1
    assert statistic("Invocation5XXErrors") == {"Sum": 0, "SampleCount": 2, "Maximum": 0}
    assert 0 < statistic("ModelLatency")["Maximum"] < 1_500_000
    assert 0 < statistic("OverheadLatency")["Maximum"] < 100_000


def test_a_container_that_dies_is_started_again(lab: Lab) -> None:
    lab.deploy("mortal", lab.image("mortal"))
    with pytest.raises(ClientError, match=r"\(ModelError\)"):
        lab.invoke("mortal", "die")

    def alive() -> bool:
        try:
            return lab.invoke("mortal") == "mortal\n"
        except ClientError:
            return False

    wait_for(alive)


def test_an_endpoint_whose_ping_never_succeeds_fails(lab: Lab) -> None:
    endpoint = lab.deploy("deaf", lab.image("deaf", serve=DEAF))

    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    with pytest.raises(ClientError, match=r"\(ValidationError\).*Endpoint deaf of account 111122223333 not found"):
        lab.invoke("deaf")
    with pytest.raises(ClientError, match=r"can only be deleted"):
        lab.sagemaker.update_endpoint(EndpointName="deaf", EndpointConfigName="deaf")
    lab.sagemaker.delete_endpoint(EndpointName="deaf")


def test_an_endpoint_whose_model_is_not_there_fails(lab: Lab) -> None:
    container = {"Image": lab.image("no-model"), "ModelDataUrl": "s3://sagemaker-tests/nothing/model.tar.gz"}
    lab.sagemaker.create_model(ModelName="no-model", ExecutionRoleArn=lab.role, PrimaryContainer=container)
    variants = [{"VariantName": "AllTraffic", "ModelName": "no-model", **SERVERLESS}]
    lab.sagemaker.create_endpoint_config(EndpointConfigName="no-model", ProductionVariants=variants)

    lab.sagemaker.create_endpoint(EndpointName="no-model", EndpointConfigName="no-model")

    endpoint = lab.settled("no-model")
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith("Failed to download model data for container")


def test_an_update_moves_an_endpoint_and_never_interrupts_it(lab: Lab) -> None:
    image = lab.image("moving")
    lab.deploy("moving", image)
    lab.config("moved", image, **SERVERLESS)

    lab.sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName="moved")

    seen = {lab.invoke("moving") for _ in range(3)}
    wait_for(lambda: seen.add(lab.invoke("moving")) or "moved\n" in seen)
    assert seen == {"moving\n", "moved\n"}
    assert lab.settled("moving")["EndpointConfigName"] == "moved"


def test_an_update_that_fails_leaves_the_old_configuration_serving(lab: Lab) -> None:
    lab.deploy("kept", lab.image("kept"))
    lab.config("broken", lab.image("broken", serve="#!/bin/sh\nexit 1\n"))

    lab.sagemaker.update_endpoint(EndpointName="kept", EndpointConfigName="broken")

    assert lab.sagemaker.describe_endpoint(EndpointName="kept")["EndpointStatus"] == "Updating"
    with pytest.raises(ClientError, match=r"Cannot update in-progress endpoint"):
        lab.sagemaker.delete_endpoint(EndpointName="kept")
    endpoint = lab.settled("kept")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "kept")
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    assert lab.invoke("kept") == "kept\n"


def test_a_serverless_endpoint_takes_four_megabytes_and_as_many_requests_as_it_says(lab: Lab) -> None:
    lab.deploy("small", lab.image("small"), **SERVERLESS)
    megabytes = 4 * 1024 * 1024
    client = lab.client("sagemaker-runtime")

    assert client.invoke_endpoint(EndpointName="small", Body=b"x" * megabytes)["Body"].read() == b"small\n"
    with pytest.raises(ClientError, match=r"\(413\).*HTTP content length exceeded 4194304 bytes"):
        client.invoke_endpoint(EndpointName="small", Body=b"x" * (megabytes + 1))
    with pytest.raises(ClientError, match=r"\(ModelError\).*exceeds 4194304 bytes"):
        lab.invoke("small", f"long {megabytes + 1}")
    slow = threading.Thread(target=lab.invoke, args=("small", "sleep 1"))
    slow.start()
    wait_for(lambda: _throttled(lab))
    slow.join()
    assert lab.invoke("small") == "small\n"


def _throttled(lab: Lab) -> bool:
    """Whether a request beside another one is refused; SDKs would try again."""
    client = boto3.session.Session(
        aws_access_key_id=lab.aws.access_key_id,
        aws_secret_access_key=lab.aws.secret_access_key,
        region_name=lab.aws.region,
    ).client("sagemaker-runtime", endpoint_url=lab.aws.endpoint_url, config=Config(retries={"total_max_attempts": 1}))
    try:
        client.invoke_endpoint(EndpointName="small", Body=b"name")
    except ClientError as refused:
        return refused.response["Error"]["Code"] == "ThrottlingException"
    return False


def test_variants_share_requests_by_weight_and_can_be_named(lab: Lab) -> None:
    image = lab.image("shared")
    lab.config("blue", image)
    lab.config("green", image)
    variants = [
        {
            "VariantName": name,
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": weight,
        }
        for name, weight in (("blue", 0), ("green", 1))
    ]
    lab.sagemaker.create_endpoint_config(EndpointConfigName="both", ProductionVariants=variants)
    lab.sagemaker.create_endpoint(EndpointName="both", EndpointConfigName="both")
    lab.settled("both")

    assert {lab.invoke("both") for _ in range(5)} == {"green\n"}
    assert lab.invoke("both", TargetVariant="blue") == "blue\n"
    lab.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="both",
        DesiredWeightsAndCapacities=[
            {"VariantName": "blue", "DesiredWeight": 1},
            {"VariantName": "green", "DesiredWeight": 0},
        ],
    )
    assert {lab.invoke("both") for _ in range(5)} == {"blue\n"}


@pytest.mark.parametrize(("retain", "count"), [(True, 3), (False, 1)])
def test_an_update_keeps_the_instances_when_it_is_asked_to(lab: Lab, retain: bool, count: int) -> None:
    """RetainAllVariantProperties of UpdateEndpoint: what scaling has made of the number stays."""
    name, size = f"scaled-{count}", {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    image = lab.image(name)
    lab.deploy(name, image, **size)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    lab.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=wanted)
    lab.config(f"{name}-next", image, **size)

    lab.sagemaker.update_endpoint(
        EndpointName=name, EndpointConfigName=f"{name}-next", RetainAllVariantProperties=retain
    )

    endpoint = lab.settled(name)
    assert endpoint["EndpointConfigName"] == f"{name}-next"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == count


@pytest.mark.skipif(sys.platform != "linux", reason="the process is looked up in /proc")
def test_a_deleted_endpoint_is_gone_with_its_process(lab: Lab) -> None:
    lab.deploy("brief", lab.image("brief"))
    records = lab.state_dir / "processes"
    [record] = [path for path in records.iterdir() if "/brief-" in str(Path(f"/proc/{path.name}/cwd").readlink())]

    lab.sagemaker.delete_endpoint(EndpointName="brief")

    def gone() -> bool:
        try:
            return lab.sagemaker.describe_endpoint(EndpointName="brief")["EndpointStatus"] != "Deleting"
        except ClientError as missing:
            return "Could not find endpoint" in str(missing)

    wait_for(gone)
    assert not record.exists()
    assert not Path(f"/proc/{record.name}").exists()
    with pytest.raises(ClientError, match=r"not found"):
        lab.invoke("brief")


def test_what_is_made_twice_or_missing_is_refused_in_awss_words(lab: Lab, endpoint: str) -> None:
    client = lab.sagemaker

    with pytest.raises(ClientError, match=r'\(ValidationException\).*Cannot create already existing endpoint "arn:aws'):
        client.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:aws:sagemaker.*/missing"'):
        client.create_endpoint(EndpointName="other", EndpointConfigName="missing")
    with pytest.raises(ClientError, match=r'Could not find model "arn:aws:sagemaker'):
        client.delete_model(ModelName="missing")
    with pytest.raises(ClientError, match=r"either an InstanceType or a ServerlessConfig"):
        client.create_endpoint_config(
            EndpointConfigName="neither", ProductionVariants=[{"VariantName": "v", "ModelName": endpoint}]
        )


def test_names_are_found_in_any_case_as_their_arns_are_in_lower_case(lab: Lab) -> None:
    image = lab.image("cased")

    arn = lab.sagemaker.create_model(
        ModelName="Cased",
        ExecutionRoleArn=lab.role,
        PrimaryContainer={"Image": image},
        Tags=[{"Key": "a", "Value": "1"}],
    )["ModelArn"]

    assert arn.endswith(":model/cased")
    assert lab.sagemaker.describe_model(ModelName="cased")["ModelName"] == "Cased"
    lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    lab.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert "Cased" in [model["ModelName"] for model in lab.sagemaker.list_models(MaxResults=100)["Models"]]
