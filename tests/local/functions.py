"""Small Lambda functions for tests, made from their source."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import dataclass
from typing import Any

from local.connection import Connection
from tests.embedded import make_role, unique, wait_for

RUNTIME = f"python3.{sys.version_info.minor}"
# Lambda's functions and Step Functions' state machines; what a state machine does here is invoke functions.
SERVICES = ["lambda", "states"]
INVOKE = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}


@dataclass(frozen=True)
class Functions:
    """Makes and runs functions and state machines under a role of its own."""

    aws: Connection
    role: str

    @classmethod
    def on(cls, aws: Connection) -> Functions:
        return cls(aws, make_role(aws, unique("functions"), SERVICES, INVOKE))

    def make(self, source: str) -> str:
        """A function whose ``handler`` is in that source; its ARN."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as file:
            file.writestr("index.py", source)
        made = self.aws.client("lambda").create_function(
            FunctionName=unique("t"),
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

    def machine(self, states: dict[str, Any], role: str = "") -> str:
        """A state machine of these states, from the first on; its ARN."""
        definition = {"StartAt": next(iter(states)), "States": states}
        made = self.aws.client("stepfunctions").create_state_machine(
            name=unique("t"), definition=json.dumps(definition), roleArn=role or self.role
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, event: object) -> str:
        """Start an execution; its ARN."""
        client = self.aws.client("stepfunctions")
        return str(client.start_execution(stateMachineArn=machine, input=json.dumps(event))["executionArn"])

    def ended(self, execution: str, seconds: float = 30) -> dict[str, Any]:
        """The execution when it has ended."""

        def found() -> dict[str, Any] | None:
            described = dict(self.aws.client("stepfunctions").describe_execution(executionArn=execution))
            return None if described["status"] == "RUNNING" else described

        return dict(wait_for(found, seconds))

    def run(self, states: dict[str, Any], event: object, seconds: float = 30) -> dict[str, Any]:
        """Run a state machine of these states to its end; its execution."""
        return self.ended(self.start(self.machine(states), event), seconds)
