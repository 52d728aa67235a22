"""Small Lambda functions for tests, made from their source."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

from local.connection import Connection

RUNTIME = f"python3.{sys.version_info.minor}"
# Lambda's functions and Step Functions' state machines; what a state machine does here is invoke functions.
SERVICES = ["lambda.amazonaws.com", "states.amazonaws.com"]
INVOKE = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


@dataclass(frozen=True)
class Functions:
    """Makes and runs functions and state machines under a role of its own."""

    aws: Connection
    role: str

    @classmethod
    def on(cls, aws: Connection) -> Functions:
        iam, name = aws.client("iam"), f"functions-{uuid.uuid4().hex[:12]}"
        trust = {"Effect": "Allow", "Principal": {"Service": SERVICES}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=_policy(INVOKE))
        return cls(aws, str(role))

    def make(self, source: str) -> str:
        """A function whose ``handler`` is in that source; its ARN."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as file:
            file.writestr("index.py", source)
        made = self.aws.client("lambda").create_function(
            FunctionName=f"t-{uuid.uuid4().hex[:12]}",
            Runtime=RUNTIME,
            Role=self.role,
            Handler="index.handler",
            Code={"ZipFile": package.getvalue()},
        )
        return str(made["FunctionArn"])

    def invoke(self, function: str, event: object) -> tuple[str | None, Any]:
        """Its FunctionError, None when there is none, and its payload."""
        answer = self.aws.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.load(answer["Payload"])

    def run(self, states: dict[str, Any], event: object, seconds: float = 30) -> dict[str, Any]:
        """Run a state machine of these states, from the first on, to its end; its execution."""
        client, definition = self.aws.client("stepfunctions"), {"StartAt": next(iter(states)), "States": states}
        machine = client.create_state_machine(
            name=f"t-{uuid.uuid4().hex[:12]}", definition=json.dumps(definition), roleArn=self.role
        )["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=machine, input=json.dumps(event))["executionArn"]
        deadline = time.monotonic() + seconds
        while (found := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"still running after {seconds} s"
            time.sleep(0.05)
        return dict(found)


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
