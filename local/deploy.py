"""Put the stack on the embedded AWS with the CDK CLI itself, as ``cdk deploy`` puts it on AWS.

Nothing here knows what the stack consists of: the CLI runs app.py with ``-c target=local``, and CloudFormation in the
embedded AWS does the rest.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from heirloom.core.errors import Unavailable
from local import pagerduty
from local.connection import Connection

TOOLKIT_STACK = "CDKToolkit"
OUTPUTS = "outputs.json"
# What the app calls the SageMaker image when its target is local; its programs run from the repository.
IMAGE = "heirloom-image:local"
IMAGES = "images.json"
PAGER_SECRET = "heirloom/pagerduty"  # noqa: S105 - the secret's name
# No change set: it only delays. No path to the outside: there may be none.
DEPLOY = ("deploy", "--all", "--require-approval", "never", "--method", "direct", "--progress", "events")
OFFLINE = ("--no-notices", "--no-version-reporting")
BYTECODE = "PYTHONDONTWRITEBYTECODE"
# The lines of a failed run that its error repeats.
LAST_LINES = 12

Echo = Callable[[str], None]
Outputs = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Deployment:
    """The CDK app in ``repository``, deployed to ``connection``; ``context`` adds to ``-c target=local``.

    ``echo`` is called with each line that the CLI prints, as it prints it. The CLI's own files go to ``state_dir``.
    """

    connection: Connection
    repository: Path
    state_dir: Path
    echo: Echo
    context: Mapping[str, str] = field(default_factory=dict)

    def deploy(self) -> Outputs:
        """Create or update every stack; the outputs by stack, also kept in ``<state dir>/outputs.json``."""
        self.register_image()
        self.register_pager()
        self.bootstrap()
        self._build()
        outputs = self.state_dir / OUTPUTS
        self._cdk([*DEPLOY, *self._app(), "--concurrency", "2", "--outputs-file", str(outputs)])
        found: Outputs = json.loads(outputs.read_text())
        return found

    def diff(self) -> bool:
        """Whether the app and what is deployed differ; the differences are echoed."""
        self._build()
        arguments = ["diff", "--fail", *self._app()]
        status, last = self._run(["node", "cdk", *arguments, *OFFLINE])
        if status and not any("stacks with differences" in line for line in last):
            raise _failed("cdk diff", status, last)  # the CLI's status is 1 for both
        return bool(status)

    def destroy(self) -> None:
        """Delete every stack; what their templates retain stays."""
        self._build()
        self._cdk(["destroy", "--all", "--force", *self._app()])
        (self.state_dir / OUTPUTS).unlink(missing_ok=True)

    def bootstrap(self) -> None:
        """Make the CDK's own stack, where it is absent: its buckets and roles take part in every deployment."""
        if not _stands(self.connection.client("cloudformation")):
            # Not in the repository: there the CLI would run the app first, for nothing.
            self._cdk(["bootstrap", f"aws://{self.connection.account_id}/{self.connection.region}"], self.state_dir)

    def register_image(self) -> None:
        """Tell the embedded SageMaker which programs the image has; what it knows of other images stays."""
        path = self.state_dir / IMAGES
        known = json.loads(path.read_text()) if path.exists() else {}
        programs = {"path": [str(self.repository / "image" / "bin")], "environment": {}}
        path.write_text(json.dumps({**known, IMAGE: programs}, indent=2))

    def register_pager(self) -> None:
        """Make the secret with a routing key, as a person does on AWS: of the local PagerDuty, which takes any."""
        secrets_manager = self.connection.client("secretsmanager")
        try:
            secrets_manager.create_secret(Name=PAGER_SECRET, SecretString=secrets.token_hex(16))
        except secrets_manager.exceptions.ResourceExistsException:
            return

    def _app(self) -> list[str]:
        pager = {"pagerduty_secret": PAGER_SECRET, "pagerduty_url": f"{self.connection.endpoint_url}{pagerduty.PREFIX}"}
        context = {"target": "local", **pager, **self.context}
        chosen = [word for name, value in context.items() for word in ("--context", f"{name}={value}")]
        return [*chosen, "--output", str(self.state_dir / "cdk.out")]

    def _build(self) -> None:
        """Build what the app ships: quick when it is built already."""
        status, last = self._run(["build", "local"])
        if status:
            raise _failed("the build", status, last)

    def _cdk(self, arguments: Sequence[str], folder: Path | None = None) -> None:
        """Run the CLI; Unavailable with its last lines when it fails."""
        status, last = self._run(["node", "cdk", *arguments, *OFFLINE], folder)
        if status:
            raise _failed(f"cdk {arguments[0]}", status, last)

    def _run(self, arguments: Sequence[str], folder: Path | None = None) -> tuple[int, Sequence[str]]:
        """Run a module of infra, its lines echoed; its status and last lines."""
        module, *rest = arguments
        last: deque[str] = deque(maxlen=LAST_LINES)
        with subprocess.Popen(
            [sys.executable, "-m", f"infra.{module}", *rest],
            cwd=folder or self.repository,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                last.append(line.rstrip())
                self.echo(line.rstrip())
        return process.returncode, last

    def _environment(self) -> dict[str, str]:
        """The user's environment, less what would lead to another account, plus what leads here."""
        # Bytecode is kept whatever the environment says: the app imports megabytes, and compiling them takes seconds.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", BYTECODE))}
        return {
            **kept,
            **self.connection.environment(),
            "NO_PROXY": "127.0.0.1",
            "NO_COLOR": "1",
            "CI": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_VALIDATION": "false",  # half of a deployment's time; `make check` lints the same templates
        }


def deploy(connection: Connection, repository: Path, state_dir: Path, echo: Echo, **context: str) -> Outputs:
    """Deploy the app of ``repository``; see Deployment.deploy."""
    return Deployment(connection, repository, state_dir.resolve(), echo, context).deploy()


def diff(connection: Connection, repository: Path, state_dir: Path, echo: Echo, **context: str) -> bool:
    """Whether the app and what is deployed differ; see Deployment.diff."""
    return Deployment(connection, repository, state_dir.resolve(), echo, context).diff()


def destroy(connection: Connection, repository: Path, state_dir: Path, echo: Echo, **context: str) -> None:
    """Delete the stacks; see Deployment.destroy."""
    Deployment(connection, repository, state_dir.resolve(), echo, context).destroy()


def _failed(what: str, status: int, last: Sequence[str]) -> Unavailable:
    return Unavailable(f"{what} failed with status {status}:\n" + "\n".join(last))


def _stands(cloudformation: Any) -> bool:
    """Whether the CDK's own stack is there and whole."""
    try:
        stack = cloudformation.describe_stacks(StackName=TOOLKIT_STACK)["Stacks"][0]
    except ClientError as exc:
        if exc.response["Error"]["Code"] == "ValidationError":
            return False
        raise
    return str(stack["StackStatus"]) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
