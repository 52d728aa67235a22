"""Signing in to a user pool: challenges are answered by those who were asked them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.connection import Connection
from tests.embedded import unique

FIRST, NEW = "First-password-1", "Second-password-2"


@dataclass(frozen=True)
class Pool:
    """A user pool with an app client, and one user who has to choose a password."""

    cognito: Any
    client: str
    user: str

    def sign_in(self, password: str) -> Any:
        return self.cognito.initiate_auth(
            ClientId=self.client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": self.user, "PASSWORD": password},
        )

    def choose(self, session: str | None, password: str = NEW, user: str = "") -> Any:
        given = {"Session": session} if session else {}
        return self.cognito.respond_to_auth_challenge(
            ClientId=self.client,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            ChallengeResponses={"USERNAME": user or self.user, "NEW_PASSWORD": password},
            **given,
        )


@pytest.fixture
def pool(aws: Connection) -> Pool:
    cognito = aws.client("cognito-idp")
    identity = cognito.create_user_pool(PoolName=unique("pool"))["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=identity, ClientName="cli", ExplicitAuthFlows=flows)
    for name in ("ann", "bob"):
        cognito.admin_create_user(UserPoolId=identity, Username=name, TemporaryPassword=FIRST, MessageAction="SUPPRESS")
    return Pool(cognito, client["UserPoolClient"]["ClientId"], "ann")


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize("session", [None, "made-up-session-of-twenty-letters"])
def test_a_challenge_that_nobody_was_asked_is_not_answered(pool: Pool, session: str | None) -> None:
    with pytest.raises(ClientError) as stranger:
        pool.choose(session)

    assert refused(stranger) == "NotAuthorizedException"
    assert pool.sign_in(FIRST)["ChallengeName"] == "NEW_PASSWORD_REQUIRED"


def test_one_user_s_challenge_is_not_another_s(pool: Pool) -> None:
    session = pool.sign_in(FIRST)["Session"]

    with pytest.raises(ClientError) as other:
        pool.choose(session, user="bob")

    assert refused(other) == "NotAuthorizedException"


def test_a_new_password_is_as_strong_as_the_pool_asks_and_is_set_once(pool: Pool) -> None:
    session = pool.sign_in(FIRST)["Session"]

    with pytest.raises(ClientError) as weak:
        pool.choose(session, "short")
    chosen = pool.choose(session)
    with pytest.raises(ClientError) as again:
        pool.choose(session, "Third-password-3")

    assert refused(weak) == "InvalidPasswordException"
    assert chosen["AuthenticationResult"]["AccessToken"]
    assert refused(again) == "NotAuthorizedException"
    assert pool.sign_in(NEW)["AuthenticationResult"]["RefreshToken"]
