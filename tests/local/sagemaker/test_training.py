"""Training jobs: the container contract, and how each end of a program shows."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.embedded import wait_for
from tests.local.sagemaker.conftest import BUCKET, Lab

CONTRACT = """#!/bin/sh
cd "$SAGEMAKER_BASE_DIR"
cp -R input output/data/
env > output/data/environment
printf '%s\\n' "$@" > output/data/arguments
echo "loss=0.5"; echo "loss=0.25" >&2
echo trained > model/weights
"""


def unpacked(lab: Lab, key: str) -> dict[str, str]:
    """The files of an archive in the bucket."""
    body = lab.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers() if member.isfile()}
        return {name: file.read().decode() for name, file in files.items() if file}


def channel(name: str, uri: str, kind: str = "S3Prefix") -> dict[str, object]:
    return {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}}


def test_a_program_finds_what_the_container_contract_says(lab: Lab) -> None:
    lab.put("contract/a.csv", "1")
    lab.put("contract/deep/b.csv", "2")
    code = lab.put("code/project.tar.gz", "code")
    algorithm = {
        "TrainingImage": lab.image("contract", CONTRACT),
        "TrainingInputMode": "File",
        "ContainerArguments": ["--fast"],
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    }

    job = lab.train(
        "contract",
        "",
        AlgorithmSpecification=algorithm,
        InputDataConfig=[channel("data", f"s3://{BUCKET}/contract"), channel("code", code)],
        HyperParameters={"name": "contract", "max-depth": "3"},
        Environment={"MINE": "yes"},
    )

    assert job["TrainingJobStatus"] == "Completed"
    assert unpacked(lab, "output/contract/output/model.tar.gz") == {"weights": "trained\n"}
    found = unpacked(lab, "output/contract/output/output.tar.gz")
    assert found["input/data/data/a.csv"] == "1"
    assert found["input/data/data/deep/b.csv"] == "2"
    assert found["input/data/code/project.tar.gz"] == "code"
    assert found["arguments"] == "--fast\n"
    config = {name: json.loads(found[f"input/config/{name}.json"]) for name in ("hyperparameters", "resourceconfig")}
    assert config["hyperparameters"] == {"name": "contract", "max-depth": "3"}
    assert config["resourceconfig"]["hosts"] == ["algo-1"]
    environment = dict(line.split("=", 1) for line in found["environment"].splitlines() if "=" in line)
    base = environment["SAGEMAKER_BASE_DIR"]
    assert environment["SM_CHANNEL_DATA"] == f"{base}/input/data/data"
    assert environment["SM_MODEL_DIR"] == f"{base}/model"
    assert environment["SM_HP_MAX_DEPTH"] == "3"
    assert json.loads(environment["SM_HPS"]) == {"name": "contract", "max-depth": 3}
    assert environment["TRAINING_JOB_NAME"] == "contract"
    assert environment["TRAINING_JOB_ARN"] == job["TrainingJobArn"]
    assert (environment["MINE"], environment["FROM_IMAGE"]) == ("yes", "contract")


def test_a_completed_job_tells_its_times_metrics_and_log(lab: Lab) -> None:
    train = "#!/bin/sh\necho loss=0.5\necho loss=0.25\n"
    algorithm = {
        "TrainingImage": lab.image("metrics", train),
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
    }

    job = lab.train("metrics", "", AlgorithmSpecification=algorithm)

    statuses = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all("EndTime" in transition for transition in job["SecondaryStatusTransitions"])
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("loss", 0.25)]
    assert job["BillableTimeInSeconds"] >= 1
    logs = lab.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="metrics/algo-1-"
    )
    stream = logs["logStreams"][0]["logStreamName"]
    events = lab.client("logs").get_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamName=stream, startFromHead=True
    )
    assert [event["message"] for event in events["events"]] == ["loss=0.5", "loss=0.25"]


def test_a_program_that_fails_gives_its_failure_file_as_the_reason(lab: Lab) -> None:
    train = '#!/bin/sh\necho "column late is missing" > "$SAGEMAKER_BASE_DIR/output/failure"\nexit 1\n'

    job = lab.train("failing", lab.image("failing", train))

    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: column late is missing\n, exit code: 1"
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == job["FailureReason"]


def test_a_long_failure_file_is_cut_at_1024_characters(lab: Lab) -> None:
    train = "#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x > \"$SAGEMAKER_BASE_DIR/output/failure\"\nkill -9 $$\n"

    job = lab.train("verbose", lab.image("verbose", train))

    assert len(job["FailureReason"]) == 1024
    assert job["FailureReason"].endswith("xxx, exit code: 137")


def test_an_unknown_image_fails_as_one_that_cannot_be_pulled(lab: Lab) -> None:
    job = lab.train("unknown-image", "nobody/knows:this")

    assert job["FailureReason"].startswith("ClientError: Cannot find repository: nobody/knows:this.")
    assert str(lab.state_dir / "images.json") in job["FailureReason"]


def test_a_channel_without_objects_fails_the_job(lab: Lab) -> None:
    image = lab.image("no-data")

    job = lab.train("no-data", image, InputDataConfig=[channel("data", f"s3://{BUCKET}/nothing/here")])

    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found under S3 URL")


def test_the_job_has_the_permissions_of_its_role_and_no_others(lab: Lab) -> None:
    lab.put("secret/a.csv", "1")
    role = lab.make_role("reads-nothing", {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    image = lab.image("no-rights")

    job = lab.train("no-rights", image, RoleArn=role, InputDataConfig=[channel("data", f"s3://{BUCKET}/secret")])

    assert "reads-nothing" in job["FailureReason"]
    assert job["FailureReason"].startswith("ClientError: Data download failed:")


def test_stop_lets_a_program_save_its_model_on_sigterm(lab: Lab) -> None:
    train = "#!/bin/sh\ntrap 'echo saved > \"$SM_MODEL_DIR/weights\"; exit 0' TERM\necho ready\nsleep 60 & wait\n"
    lab.sagemaker.create_training_job(**lab.job_request("stopped", lab.image("stopped", train)))
    wait_for(lambda: lab.sagemaker.describe_training_job(TrainingJobName="stopped")["SecondaryStatus"] == "Training")
    wait_for(lambda: "ready" in lab.log("/aws/sagemaker/TrainingJobs"))

    lab.sagemaker.stop_training_job(TrainingJobName="stopped")

    job = lab.ended("stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert unpacked(lab, "output/stopped/output/model.tar.gz") == {"weights": "saved\n"}
    with pytest.raises(ClientError, match=r"\(ValidationException\).*in status Stopped"):
        lab.sagemaker.stop_training_job(TrainingJobName="stopped")


def test_a_program_that_outlives_its_maximum_runtime_is_killed(lab: Lab) -> None:
    train = "#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.2; done\n"
    image = lab.image("endless", train)

    job = lab.train("endless", image, StoppingCondition={"MaxRuntimeInSeconds": 1})

    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_an_entry_point_replaces_train(lab: Lab) -> None:
    command = 'echo "$0" > "$SM_MODEL_DIR/who"'
    algorithm = {
        "TrainingImage": lab.image("entry"),
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh", "-c", command],
        "ContainerArguments": ["me"],
    }

    lab.train("entry", "", AlgorithmSpecification=algorithm)

    assert unpacked(lab, "output/entry/output/model.tar.gz") == {"who": "me\n"}


def test_a_program_with_absolute_paths_finds_them_where_the_kernel_lets_us(lab: Lab) -> None:
    train = """#!/bin/sh
echo "$SAGEMAKER_BASE_DIR" > "$SM_MODEL_DIR/base"
if [ "$SAGEMAKER_BASE_DIR" = /opt/ml ]; then cp /opt/ml/input/config/hyperparameters.json /opt/ml/model/; fi
"""

    lab.train("absolute", lab.image("absolute", train))

    found = unpacked(lab, "output/absolute/output/model.tar.gz")
    if found["base"] != "/opt/ml\n":
        pytest.skip("no mount namespaces here: programs have to follow SAGEMAKER_BASE_DIR")
    assert json.loads(found["hyperparameters.json"]) == {"name": "absolute"}
    assert not Path("/opt/ml/model").exists()


def test_a_job_name_is_taken_for_good(lab: Lab) -> None:
    request = lab.job_request("twice", lab.image("twice"))
    lab.sagemaker.create_training_job(**request)

    with pytest.raises(lab.sagemaker.exceptions.ResourceInUse, match="must be unique"):
        lab.sagemaker.create_training_job(**request)


def test_a_job_that_nobody_made_is_not_found(lab: Lab) -> None:
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Requested resource not found"):
        lab.sagemaker.describe_training_job(TrainingJobName="never-made")


def test_two_machines_are_more_than_there_are(lab: Lab) -> None:
    resources = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}

    with pytest.raises(lab.sagemaker.exceptions.ResourceLimitExceeded):
        lab.sagemaker.create_training_job(**lab.job_request("two", "any", ResourceConfig=resources))


def test_listing_jobs_pages_sorts_and_filters(lab: Lab) -> None:
    for number in range(5):
        lab.sagemaker.create_training_job(**lab.job_request(f"listed-{number}", "no-such:image"))
    for number in range(5):
        lab.ended(f"listed-{number}")

    pages = lab.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="Listed", StatusEquals="Failed", SortBy="Name", SortOrder="Descending", MaxResults=2
    )

    names = [[job["TrainingJobName"] for job in page["TrainingJobSummaries"]] for page in pages]
    assert names == [["listed-4", "listed-3"], ["listed-2", "listed-1"], ["listed-0"]]
