"""The deployed stack, used as its users do; for the tests of this folder and for the benchmarks."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from cli.api import AT_ONCE
from heirloom.adapters.dynamodb.incidents import DynamoIncidents
from heirloom.core.incident.incident import Incident
from heirloom.core.run.upload import run_id
from local.connection import Connection
from local.deploy import Deployment

RUN_SECONDS = 240
# How the names of the two kinds of machines end.
PIPELINE, RELEASE = "-pipeline", "-release"


@dataclass
class Stack:
    """The deployed stack, used as its users do: S3 uploads and signed requests."""

    aws: Connection
    outputs: dict[str, str]
    deployment: Deployment
    http: URLLib3Session = field(default_factory=lambda: URLLib3Session(timeout=60, socket_options=AT_ONCE))

    def upload(self, model: str, name: str, body: bytes) -> str:
        """Put a file where the model's data goes; the id of the run that this starts."""
        key, bucket = f"{model}/{name}", self.outputs["DataBucket"]
        answer = self.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        return run_id(model, bucket, key, answer["VersionId"])

    def wait(self, run: str, seconds: float = RUN_SECONDS, machine: str = PIPELINE) -> dict[str, Any]:
        """The execution of a run or, on another kind of machine, of a release, once it has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.execution(run, machine)
            if found and found["status"] != "RUNNING":
                return found
            time.sleep(0.5)
        raise AssertionError(f"run {run} has not ended after {seconds} s: {self.execution(run, machine)}")

    def succeed(self, *runs: str) -> None:
        """Wait until each run has ended, and well; who fails says of what."""
        ended = [self.wait(run) for run in runs]
        failed = [
            f"{each['name']}: {each.get('error')}: {each.get('cause')}"
            for each in ended
            if each["status"] != "SUCCEEDED"
        ]
        assert not failed, "\n".join(failed)

    def execution(self, run: str, machine: str = PIPELINE) -> dict[str, Any] | None:
        """The execution of a run on a machine of this kind, if it has begun; a run's release bears its name, too."""
        states = self.aws.client("stepfunctions")
        machines = [it for it in states.list_state_machines()["stateMachines"] if it["name"].endswith(machine)]
        for found in machines:
            for each in states.list_executions(stateMachineArn=found["stateMachineArn"])["executions"]:
                if each["name"] == run:
                    return dict(states.describe_execution(executionArn=each["executionArn"]))
        return None

    def call(self, method: str, path: str, body: object = None, *, signed: bool = True) -> tuple[int, Any]:
        """A request to the HTTP API: the status and the JSON of the answer. ``body``: bytes as they are, else JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        url = self.aws.api_url(self.outputs["ApiId"]) + path
        request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
        if signed:
            credentials = Credentials(self.aws.access_key_id, self.aws.secret_access_key)
            SigV4Auth(credentials, "execute-api", self.aws.region).add_auth(request)
        response = self.http.send(request.prepare())
        return response.status_code, json.loads(response.content or b"null")

    @property
    def signed(self) -> dict[str, str]:
        """The variables by which MLflow's client logs to this stack, and signs."""
        uri = self.aws.api_url(self.outputs["ApiId"])
        return {**self.aws.environment(), "MLFLOW_TRACKING_URI": uri, "MLFLOW_TRACKING_AWS_SIGV4": "true"}

    def predict(self, model: str, inputs: list[dict[str, Any]]) -> tuple[int, Any]:
        """POST the rows to the model's predictions."""
        return self.call("POST", f"/models/{model}/predictions", {"inputs": inputs})

    def label(self, model: str, labels: list[dict[str, Any]], seconds: float = 60) -> None:
        """Say what really happened; predictions that are not stored yet are told again until they are."""
        deadline = time.monotonic() + seconds
        while labels:
            status, answer = self.call("POST", f"/models/{model}/feedback", {"labels": labels[:1000]})
            assert status == 200, answer
            assert time.monotonic() < deadline, f"{len(answer['unknown'])} predictions are not stored"
            unknown = set(answer["unknown"])
            labels = [one for one in labels[:1000] if one["id"] in unknown] + labels[1000:]
            time.sleep(0.2 if unknown else 0)

    def incidents(self, model: str) -> list[Incident]:
        """What people were told of the model, newest first."""
        table = DynamoIncidents(self.aws.client("dynamodb"), self.outputs["PredictionsTable"])
        return list(table.of(model, 20).incidents)

    def pagerduty(self, model: str) -> dict[str, dict[str, Any]]:
        """What PagerDuty has of the model, by dedup_key."""
        response = self.http.send(AWSRequest("GET", f"{self.aws.endpoint_url}/_pagerduty/incidents").prepare())
        found = json.loads(response.content)["incidents"]
        return {each["dedup_key"]: each for each in found if each["dedup_key"].startswith(f"{model}/")}

    def release(self, model: str) -> dict[str, Any]:
        """How the model is released now."""
        status, answer = self.call("GET", f"/models/{model}/release")
        assert status == 200, answer
        return dict(answer)

    def move(self, model: str, move: str, **wish: Any) -> tuple[int, Any]:
        """Change the route: ``promote``, ``rollback``, ``freeze`` and the like."""
        return self.call("POST", f"/models/{model}/release/{move}", {"reason": "a test", **wish})

    def moved(self, model: str, move: str, **wish: Any) -> None:
        """Change the route, where nothing speaks against it."""
        status, answer = self.move(model, move, **wish)
        assert status == 200, f"{move} {wish}: {status} {answer}"

    def changes(self, model: str) -> list[dict[str, Any]]:
        """Every change of the model's route, oldest first."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            status, answer = self.call("GET", f"/models/{model}/release/changes{cursor}")
            assert status == 200, answer
            found += answer["changes"]
            if not answer.get("cursor"):
                return found[::-1]
            cursor = f"?cursor={answer['cursor']}"

    def train(self, model: str, name: str, body: bytes) -> int:
        """Upload ``body``, wait until its version serves; the version."""
        self.succeed(self.upload(model, name, body))
        return int(self.release(model)["route"]["champion"])

    def quarantined(self, model: str) -> dict[str, dict[str, Any]]:
        """The reasons of the refused files, by file name."""
        s3, bucket = self.aws.client("s3"), self.outputs["DataBucket"]
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"quarantine/{model}/").get("Contents", [])
        suffix = ".reason.json"
        return {
            Path(each["Key"]).name.removesuffix(suffix): json.load(
                s3.get_object(Bucket=bucket, Key=each["Key"])["Body"]
            )
            for each in listed
            if each["Key"].endswith(suffix)
        }
