"""Whom a command talks to: AWS by its usual environment, or the embedded AWS of this repository.

``--local`` chooses the embedded one. Without it AWS is used as its own CLI would; where no credentials are configured
at all and an embedded AWS is up, that one, with a note on a terminal that says so.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping
from typing import Any, Protocol

from boto3.session import Session as BotoSession
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from cli.embedded import STOPPED, connection, is_stopped, is_up
from cli.workspace import workspace
from heirloom.core.errors import Denied, Invalid, NotFound, Unavailable
from local.connection import Connection
from local.connection import session as session_of

STACK = "heirloom"
# For a connection; boto3 waits 60, up to five times.
HASTY_SECONDS = 3
# What says that somebody meant AWS; see boto3's guide to credentials. Profiles are looked for as well.
CONFIGURED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class Notes(Protocol):
    """Takes what the user should know beside the answer."""

    def note(self, text: str) -> None: ...


class Session:
    """One AWS account and region, real or embedded, and the stack in it."""

    def __init__(
        self, boto: BotoSession, endpoint_url: str | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.boto = boto
        self.endpoint_url = endpoint_url
        # What another process needs beside our own environment to reach the same place.
        self.environment = environment or {}
        self.stack = os.environ.get("HEIRLOOM_STACK") or STACK
        self._config: Config | None = None

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.boto.client(service, endpoint_url=self.endpoint_url, config=self._config)  # type: ignore[call-overload] # any service

    def hasty(self) -> Session:
        """This one, which gives up in seconds where nothing answers: for what can also be done later."""
        self._config = Config(connect_timeout=HASTY_SECONDS, retries={"total_max_attempts": 2, "mode": "standard"})
        return self

    @property
    def credentials(self) -> Credentials:
        """What signs requests. Raises Denied when there are none."""
        found = self.boto.get_credentials()
        if found is None:
            raise Denied("no AWS credentials; did you mean --local? `heirloom local up` starts an embedded AWS")
        return found

    @functools.cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by name. Raises NotFound when the stack is not there."""
        try:
            found = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise NotFound(f"there is no stack {self.stack} in {self.place}: {self._remedy}") from error
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def output(self, name: str) -> str:
        """One output. Raises NotFound when the stack is of another release than this command."""
        try:
            return self.outputs[name]
        except KeyError as error:
            raise NotFound(f"the stack {self.stack} has no output {name}: {self._remedy}") from error

    @property
    def caller(self) -> str:
        """The ARN of who these credentials are of."""
        return str(self.client("sts").get_caller_identity()["Arn"])

    @property
    def local(self) -> bool:
        """Whether it is not AWS itself that answers."""
        return self.endpoint_url is not None

    @property
    def place(self) -> str:
        """Where this is, for messages."""
        return f"the embedded AWS at {self.endpoint_url}" if self.local else f"AWS, {self.boto.region_name}"

    @property
    def api_url(self) -> str:
        """Where the stack's HTTP API answers."""
        return self._url_of("ApiUrl", "ApiId")

    @property
    def experiments_url(self) -> str:
        """Where experiments answer people with a token."""
        return self._url_of("ExperimentsUrl", "ExperimentsApiId")

    def _url_of(self, url: str, identity: str) -> str:
        """AWS gives each API a host name, the embedded AWS a path."""
        if self.endpoint_url is None:
            return self.output(url).rstrip("/")
        return f"{self.endpoint_url}/_aws/execute-api/{self.output(identity)}/$default"

    @property
    def _remedy(self) -> str:
        return "`heirloom local up` deploys it" if self.local else f"`make deploy` does it{_offer()}"


def open_session(notes: Notes, *, local: bool) -> Session:
    """The session of a command. Raises Denied without credentials, NotFound for --local when nothing was started,
    Unavailable when what was started is stopped."""
    state = workspace().state
    if local:
        return embedded(connection(state))
    boto = BotoSession(region_name=os.environ.get("AWS_REGION") or None)  # boto3 reads AWS_DEFAULT_REGION alone
    if not _configured(boto) and is_up(state):
        if sys.stderr.isatty():
            notes.note("(embedded AWS)")
        return embedded(connection(state))
    if boto.get_credentials() is None and is_stopped(state):
        raise Unavailable(STOPPED)
    region = {"AWS_DEFAULT_REGION": boto.region_name} if boto.region_name else {}
    session = Session(boto, os.environ.get("AWS_ENDPOINT_URL") or None, region)
    if session.credentials and not boto.region_name:
        raise Invalid(f"no AWS region: set AWS_REGION, or `region` in the profile{_offer()}")
    return session


def embedded(there: Connection) -> Session:
    """The session of the embedded AWS's administrator."""
    return Session(session_of(there), there.endpoint_url, there.environment())


def _configured(boto: BotoSession) -> bool:
    return any(os.environ.get(name) for name in CONFIGURED) or bool(boto.available_profiles)


def _offer() -> str:
    """What to add to an error about AWS where an embedded one is up; else nothing."""
    return "; or did you mean --local? An embedded AWS is up" if is_up(workspace().state) else ""
