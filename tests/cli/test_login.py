"""Logging in: where, and what is kept of it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cli.cognito import Tokens
from cli.door import Door, Login, file_of
from cli.people import first_password
from heirloom.core.errors import Invalid
from heirloom.core.tracking.roles import Role
from tests.cli.conftest import Run

URL = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this user's configuration is: nobody has logged in."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_REGION", raising=False)
    return tmp_path / "config" / "heirloom" / "login.json"


def token(**claims: Any) -> Tokens:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return Tokens(f"header.{payload}.signature")


def test_a_url_says_where_its_people_are() -> None:
    assert Door.named(f"{URL}/", "client") == Door(URL, "client", "eu-west-1")


def test_a_url_of_one_s_own_needs_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="does not name its AWS region: set AWS_REGION"):
        Door.named("https://experiments.example.com", "client")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")

    assert Door.named("https://experiments.example.com", "client").region == "eu-north-1"


def test_what_to_type_elsewhere() -> None:
    assert Door(URL, "client", "eu-west-1").options == f"--url {URL} --client client"
    assert Door("http://127.0.0.1:4566/x", "client", "us-east-1", "http://127.0.0.1:4566").options == "--local"


def test_a_login_is_kept_for_its_owner_only(configuration: Path) -> None:
    login = Login(Door(URL, "client", "eu-west-1"), "ann", "secret-refresh")
    assert file_of(local=False) == configuration
    assert Login.load(configuration) is None

    login.save(configuration)

    assert Login.load(configuration) == login
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert "secret-refresh" not in repr(login)


def test_that_of_the_embedded_aws_is_beside_its_state(workspace: Path) -> None:
    assert file_of(local=True) == workspace / ".heirloom" / "login.json"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"door": {}, "user": "ann"}'])
def test_a_broken_login_is_refused_and_removed_by_logout(cli: Run, configuration: Path, text: str) -> None:
    configuration.parent.mkdir(parents=True)
    configuration.write_text(text)

    refused = cli("login")
    done = cli("logout")

    assert (refused.code, "is no login" in refused.err) == (2, True)
    assert (done.code, done.out) == (0, "The login is logged out; `unset MLFLOW_TRACKING_TOKEN`\n")
    assert cli("logout").err == "error: nobody is logged in\n"


def test_where_to_log_in_is_said_whole(cli: Run) -> None:
    half, nowhere = cli("login", "--url", URL), cli("login")

    assert (half.code, "--url and --client go together" in half.err) == (2, True)
    assert (nowhere.code, "give --url and --client" in nowhere.err) == (1, True)


def test_a_token_says_whose_it_is_and_until_when() -> None:
    claims = {"username": "ann", "exp": 1795956982, "cognito:groups": ["viewer", "data-scientist"]}

    assert (token(**claims).user, token(**claims).role) == ("ann", Role.DATA_SCIENTIST)
    assert token(**claims).ends.isoformat() == "2026-11-29T12:56:22+00:00"
    assert token(username="ann").role is None


def test_a_first_password_is_as_strong_as_the_pool_asks() -> None:
    found = {first_password() for _ in range(20)}

    assert len(found) == 20
    assert all(re.fullmatch(r"[a-z]{5}-[A-Z]{5}-[0-9]{5}", each) for each in found)
