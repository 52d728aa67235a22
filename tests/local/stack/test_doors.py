"""The doors of the experiments on the deployed stack: people by a token, programs by a signature, and nobody else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from click.testing import CliRunner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cli.main import heirloom
from heirloom.core.errors import Invalid
from local.connection import Connection
from tests.embedded import unique
from tests.local.stack.client import Stack
from tests.local.stack.command import Command
from tests.local.stack.programs import ROOT, Programs, variables

pytestmark = pytest.mark.xdist_group("stack")
MLFLOW = "/api/2.0/mlflow"
OWN_PASSWORD = "A-password-of-my-own-1"  # of people who live as long as the test
REFUSED = "This takes the role {least}, and {name} has the role {role}. An admin can give it:"


@dataclass(frozen=True)
class Person:
    """Somebody who has logged in."""

    stack: Stack
    programs: Programs
    name: str
    uri: str
    token: str

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a request at the door of tokens."""
        return with_token(self.stack, self.token, method, path, body)

    def run(self, *words: str) -> dict[str, Any]:
        """What the program says that has this person's token, and no AWS credentials."""
        environment = {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        }
        return dict(self.programs.ask("tests.local.stack.token_holder", *words, **environment))


Logs = Callable[..., Person]


def with_token(stack: Stack, token: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON of a request at the door of tokens; an empty token is none."""
    url = stack.aws.api_url(stack.outputs["ExperimentsApiId"]) + path
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = AWSRequest(method, url, headers, None if body is None else json.dumps(body).encode())
    response = stack.http.send(request.prepare())
    return response.status_code, json.loads(response.content or b"null")


def type_login(
    stack: Stack, *words: str, typed: str = "", place: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`heirloom login` in a process of its own, as a person without AWS credentials has it; ``place``: not --local."""
    local = {"HEIRLOOM_LOCAL": "1", "HEIRLOOM_STATE_DIR": str(stack.deployment.state_dir)}
    return subprocess.run(
        [sys.executable, "-m", "cli", *words],
        cwd=ROOT,
        env=variables(**(local if place is None else place)),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def person(stack: Stack, programs: Programs, command: Command) -> Logs:
    """Adds somebody with a role, who logs in for the first time."""

    def log_in(role: str) -> Person:
        name = unique(role)
        added = command("people", "add", name, "--role", role).report
        typed = f"{added['password']}\n{OWN_PASSWORD}\n"
        done = type_login(stack, "login", "--user", name, "--password-stdin", "--json", typed=typed)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["user"], told["role"]) == (name, role)
        return Person(stack, programs, name, told["uri"], told["token"])

    return log_in


def test_a_data_scientist_needs_nothing_but_the_client_and_a_token_and_a_viewer_reads(
    stack: Stack, person: Logs
) -> None:
    scientist, viewer = person("data-scientist"), person("viewer")

    told = scientist.run("log")
    seen = viewer.run("read", told["run"])

    folder = told["location"].removeprefix("mlflow-artifacts:/")
    assert told == {
        **told,
        "found": ["by token"],
        "location": f"mlflow-artifacts:/{folder}",
        "text": "hello",
        "loaded": "LogisticRegression",
        "version": "models",
    }
    refused = REFUSED.format(least="admin", name=scientist.name, role="data-scientist")
    assert told["experiment deleted"].startswith(f"PERMISSION_DENIED: {refused}")
    assert {name: seen[name] for name in ("params", "runs", "files", "text", "model")} == {
        "params": {"rate": "0.1"},
        "runs": 1,
        "files": ["notes"],
        "text": "hello",
        "model": "LogisticRegression",
    }
    refused = REFUSED.format(least="data-scientist", name=viewer.name, role="viewer")
    assert seen["logged"].startswith(f"PERMISSION_DENIED: {refused}")
    assert json.loads(seen["uploaded"])["message"].startswith(refused)

    # What was logged at this door is read at the other, where it is on S3.
    _, found = stack.call("GET", f"{MLFLOW}/runs/get?run_id={told['run']}")
    bucket = stack.outputs["ArtifactBucket"]
    assert found["run"]["info"]["artifact_uri"] == f"s3://{bucket}/experiments/{folder}"
    key = f"experiments/{folder}/notes/hello.txt"
    assert stack.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"hello"


def test_what_a_program_logged_is_read_by_people(stack: Stack, person: Logs) -> None:
    _, made = stack.call("POST", f"{MLFLOW}/experiments/create", {"name": unique("signed")})
    _, begun = stack.call("POST", f"{MLFLOW}/runs/create", {**made, "start_time": 1})
    info = begun["run"]["info"]
    bucket, _, key = info["artifact_uri"].removeprefix("s3://").partition("/")
    stack.aws.client("s3").put_object(Bucket=bucket, Key=f"{key}/a.txt", Body=b'"from S3"')

    viewer = person("viewer")
    _, seen = viewer.ask("GET", f"{MLFLOW}/runs/get?run_id={info['run_id']}")
    below = seen["run"]["info"]["artifact_uri"].removeprefix("mlflow-artifacts:/")

    assert viewer.ask("GET", f"/api/2.0/mlflow-artifacts/artifacts/{below}/a.txt") == (200, "from S3")


def test_an_admin_deletes_and_restores(stack: Stack, person: Logs) -> None:
    _, made = stack.call("POST", f"{MLFLOW}/experiments/create", {"name": unique("to-go")})
    scientist, admin = person("data-scientist"), person("admin")

    assert scientist.ask("POST", f"{MLFLOW}/experiments/delete", made)[0] == 403
    assert admin.ask("POST", f"{MLFLOW}/experiments/delete", made)[0] == 200
    assert admin.ask("POST", f"{MLFLOW}/experiments/restore", made)[0] == 200


@dataclass(frozen=True)
class Forger:
    """Makes tokens like one of Cognito's, with the pool's own key or with another."""

    state_dir: Path
    pool: str
    token: str

    def forged(self, *, own_key: bool = False, **claims: object) -> str:
        header, payload, _ = self.token.split(".")
        told = json.dumps({**json.loads(_decoded(payload)), **claims}).encode()
        text = f"{header}.{_encoded(told)}"
        key = rsa.generate_private_key(65537, 2048) if own_key else self._pool_key()
        return f"{text}.{_encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def _pool_key(self) -> rsa.RSAPrivateKey:
        file = self.state_dir / "services" / "cognito-pool-keys" / f"{self.pool}-access.pem"
        key = serialization.load_pem_private_key(file.read_bytes(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_nobody_else_gets_in(stack: Stack, person: Logs, command: Command) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html"""
    admin, path = person("admin"), f"{MLFLOW}/experiments/get?experiment_id=0"
    forger = Forger(stack.deployment.state_dir, stack.outputs["UserPool"], admin.token)
    header, payload, signature = admin.token.split(".")
    kept = json.loads((stack.deployment.state_dir / "login.json").read_text())

    refused = {
        "no token": "",
        "no JWT": "secret",
        "unsigned": f"{header}.{payload}.",
        "changed": f"{header}.{_encoded(_decoded(payload).replace(b'admin', b'owner'))}.{signature}",
        "another key": forger.forged(own_key=True),
        "expired": forger.forged(exp=int(time.time()) - 1),
        "another pool's": forger.forged(iss="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"),
        "another client's": forger.forged(client_id="other"),
        "the refresh token": kept["refresh_token"],
    }

    assert with_token(stack, forger.forged(), "GET", path)[0] == 200
    answers = {why: with_token(stack, token, "GET", path) for why, token in refused.items()}
    assert answers == dict.fromkeys(refused, (401, {"message": "Unauthorized"}))


def test_a_person_without_a_role_may_nothing(stack: Stack, person: Logs) -> None:
    viewer = person("viewer")
    stack.aws.client("cognito-idp").admin_remove_user_from_group(
        UserPoolId=stack.outputs["UserPool"], Username=viewer.name, GroupName="viewer"
    )

    renewed = json.loads(type_login(stack, "login", "--json").stdout)
    status, told = with_token(stack, renewed["token"], "GET", f"{MLFLOW}/experiments/get?experiment_id=0")

    assert (renewed["user"], renewed["role"]) == (viewer.name, None)
    assert (status, told["error_code"]) == (403, "PERMISSION_DENIED")
    assert told["message"].startswith(f"This takes the role viewer, and {viewer.name} has no role")


def test_a_login_is_renewed_without_the_password_until_it_ends(stack: Stack, person: Logs, command: Command) -> None:
    scientist = person("data-scientist")
    file = stack.deployment.state_dir / "login.json"

    assert file.stat().st_mode & 0o777 == 0o600
    exported = type_login(stack, "login")
    assert f"export MLFLOW_TRACKING_URI='{scientist.uri}'\nexport MLFLOW_TRACKING_TOKEN=" in exported.stdout
    assert f"{scientist.name} is logged in until" in exported.stderr

    people = command("people", "list").report["people"]
    assert [(each["role"], each["state"]) for each in people if each["name"] == scientist.name] == [
        ("data-scientist", "may log in")
    ]
    promoted = command("people", "add", scientist.name, "--role", "admin").report
    assert (promoted["role"], promoted["password"]) == ("admin", None)
    assert json.loads(type_login(stack, "login", "--json").stdout)["role"] == "admin"

    assert json.loads(type_login(stack, "logout", "--json").stdout) == {"user": scientist.name}
    assert type_login(stack, "logout").stderr == "error: nobody is logged in\n"
    wrong = type_login(stack, "login", "--user", scientist.name, "--password-stdin", typed="wrong\n")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("error: Incorrect username or password: an admin sets a new one by")

    again = type_login(
        stack, "login", "--user", scientist.name, "--password-stdin", "--json", typed=f"{OWN_PASSWORD}\n"
    )
    assert again.returncode == 0
    assert command("people", "remove", scientist.name).code == 0
    gone = type_login(stack, "login", "--password-stdin", typed=f"{OWN_PASSWORD}\n")
    assert gone.returncode == 1
    assert "the password is needed again" in gone.stderr
    assert command("people", "remove", scientist.name).code == 2


def test_a_first_login_asks_for_a_password_of_one_s_own(command: Command) -> None:
    name = unique("prompted")
    first = command("people", "add", name, "--role", "viewer").report["password"]

    command("logout")
    weak = CliRunner().invoke(heirloom, ["login", "--json"], input=f"{name}\n{first}\nshort\nshort\n")
    done = CliRunner().invoke(
        heirloom, ["login", "--user", name, "--json"], input=f"{first}\n{OWN_PASSWORD}\n{OWN_PASSWORD}\n"
    )

    assert isinstance(weak.exception, Invalid)
    assert "Password did not conform with policy" in str(weak.exception)
    assert "New password, of 12 letters or more" in done.stderr
    assert json.loads(done.stdout)["user"] == name


def test_people_need_neither_aws_credentials_nor_a_checkout(stack: Stack, command: Command, tmp_path: Path) -> None:
    """The same command as on AWS, whose Cognito it finds by the region in the URL."""
    name, url = unique("remote"), "https://a1b2c3.execute-api.us-east-1.amazonaws.com"
    client = stack.outputs["UserPoolClient"]
    first = command("people", "add", name, "--role", "viewer").report["password"]
    place = {
        "XDG_CONFIG_HOME": str(tmp_path),
        "HEIRLOOM_STATE_DIR": str(tmp_path / "none"),
        "AWS_ENDPOINT_URL": stack.aws.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    there = ("--user", name, "--url", url, "--client", client)

    began = type_login(stack, "login", *there, "--password-stdin", typed=f"{first}\n{OWN_PASSWORD}\n", place=place)
    renewed = type_login(stack, "login", "--json", place=place)
    ended = type_login(stack, "logout", place=place)
    unknown = type_login(stack, "login", place=place)

    assert began.stdout.startswith(f"export MLFLOW_TRACKING_URI={url}\nexport MLFLOW_TRACKING_TOKEN=ey")
    told = json.loads(renewed.stdout)
    assert (told["uri"], told["user"], told["role"]) == (url, name, "viewer")
    assert ended.stdout == f"{name} is logged out; `unset MLFLOW_TRACKING_TOKEN`\n"
    assert not (tmp_path / "heirloom" / "login.json").exists()
    assert (unknown.returncode, "--url" in unknown.stderr) == (1, True)


@dataclass(frozen=True)
class Program:
    """An IAM user with one of the deployed policies, and nothing else."""

    stack: Stack
    credentials: Credentials

    @classmethod
    def with_policy(cls, stack: Stack, output: str) -> Program:
        iam, name = stack.aws.client("iam"), unique("program")
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=stack.outputs[output])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return cls(stack, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))

    def ask(self, method: str, path: str, body: object = None) -> int:
        """The status of a signed request."""
        url = self.stack.aws.api_url(self.stack.outputs["ApiId"]) + path
        data = None if body is None else json.dumps(body).encode()
        request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
        SigV4Auth(self.credentials, "execute-api", self.stack.aws.region).add_auth(request)
        return int(self.stack.http.send(request.prepare()).status_code)

    def put(self, key: str) -> bool:
        """Whether it may write to the bucket of artifacts."""
        there = self.stack.aws
        own = Connection(
            there.endpoint_url, there.region, there.account_id, self.credentials.access_key, self.credentials.secret_key
        )
        try:
            own.client("s3").put_object(Bucket=self.stack.outputs["ArtifactBucket"], Key=key, Body=b"")
        except ClientError:
            return False
        return True


@pytest.mark.parametrize(
    ("policy", "writes", "deletes"),
    [("ViewerPolicy", False, False), ("DataScientistPolicy", True, False), ("AdminPolicy", True, True)],
)
def test_a_program_s_policy_is_its_role(stack: Stack, policy: str, writes: bool, deletes: bool) -> None:
    program = Program.with_policy(stack, policy)
    _, made = stack.call("POST", f"{MLFLOW}/experiments/create", {"name": unique("program")})
    tag = {**made, "key": "k", "value": "v"}

    assert program.ask("GET", f"{MLFLOW}/experiments/get?experiment_id=0") == 200
    assert program.ask("POST", f"{MLFLOW}/runs/search", {"experiment_ids": ["0"]}) == 200
    assert program.ask("POST", f"{MLFLOW}/experiments/set-experiment-tag", tag) == (200 if writes else 403)
    assert program.ask("POST", f"{MLFLOW}/experiments/delete", made) == (200 if deletes else 403)
    assert program.ask("GET", "/models") == 403
    assert program.put(f"experiments/{made['experiment_id']}/a.txt") is writes
    assert not program.put("datasets/a.txt")
