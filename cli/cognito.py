"""Amazon Cognito as `heirloom login` and `heirloom people` use it: tokens for a password, and its errors as ours.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.door import Door
from heirloom.core.errors import Conflict, Denied, HeirloomError, Invalid, NotFound, Unavailable
from heirloom.core.tracking.roles import Role, greatest

_KINDS: Mapping[str, type[HeirloomError]] = {
    "NotAuthorizedException": Denied,
    "UserNotFoundException": NotFound,
    "UsernameExistsException": Conflict,
    "PasswordResetRequiredException": Denied,
    "CodeMismatchException": Denied,
    "ExpiredCodeException": Denied,
    "InvalidPasswordException": Invalid,
    "InvalidParameterException": Invalid,
    "ResourceNotFoundException": NotFound,
    "AccessDeniedException": Denied,
    "TooManyRequestsException": Unavailable,
    "LimitExceededException": Unavailable,
    "InternalErrorException": Unavailable,
}
_ANSWERS = {"NEW_PASSWORD_REQUIRED": "NEW_PASSWORD", "SOFTWARE_TOKEN_MFA": "SOFTWARE_TOKEN_MFA_CODE"}
"""How the answer to a challenge is named."""
Asking = Callable[[str], str]
"""Asks the person for what a challenge wants, by the challenge's name."""


@dataclass(frozen=True)
class Tokens:
    """``access`` opens the door; ``refresh`` gives new ones, empty where the one used goes on serving."""

    access: str
    refresh: str = ""

    @property
    def role(self) -> Role | None:
        """As Cognito says in the token; the door checks that it is Cognito's."""
        return greatest(self._claims.get("cognito:groups", ()))

    @property
    def user(self) -> str:
        return str(self._claims["username"])

    @property
    def ends(self) -> datetime:
        return datetime.fromtimestamp(self._claims["exp"], UTC)

    @property
    def _claims(self) -> dict[str, Any]:
        payload = self.access.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return claims


class SignIn:
    """What people without AWS credentials may ask of Cognito. Each method raises the errors of heirloom.core."""

    def __init__(self, door: Door) -> None:
        self._client = door.client
        unsigned = Config(signature_version=UNSIGNED, proxies={} if door.endpoint else None)
        self._cognito = boto3.client(
            "cognito-idp", region_name=door.region, endpoint_url=door.endpoint or None, config=unsigned
        )

    def by_password(self, user: str, password: str, ask: Asking) -> Tokens:
        """Tokens for a password. A first login asks for one of the person's own, a second factor for its code."""
        given = {"USERNAME": user, "PASSWORD": password}
        with refusals():
            answer = self._cognito.initiate_auth(
                ClientId=self._client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
            )
            while "ChallengeName" in answer:
                answer = self._answered(answer, user, ask)
        return _tokens(answer)

    def by_refresh(self, refresh_token: str) -> Tokens:
        """Tokens without a password. Raises Denied where the refresh token has ended, or the person is gone."""
        given = {"REFRESH_TOKEN": refresh_token}
        with refusals():
            return _tokens(
                self._cognito.initiate_auth(ClientId=self._client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)
            )

    def end(self, refresh_token: str) -> None:
        """Let the refresh token give no more tokens."""
        with refusals():
            self._cognito.revoke_token(ClientId=self._client, Token=refresh_token)

    def _answered(self, asked: Mapping[str, Any], user: str, ask: Asking) -> Any:
        challenge = asked["ChallengeName"]
        if challenge not in _ANSWERS:
            raise Denied(f"Cognito asks for {challenge}, which this command can't answer")
        answers = {"USERNAME": user, _ANSWERS[challenge]: ask(challenge)}
        return self._cognito.respond_to_auth_challenge(
            ClientId=self._client, ChallengeName=challenge, Session=asked["Session"], ChallengeResponses=answers
        )


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Cognito's errors as those of heirloom.core, in Cognito's words."""
    try:
        yield
    except ClientError as error:
        kind = _KINDS.get(error.response["Error"]["Code"])
        if kind is None:
            raise
        raise kind(error.response["Error"]["Message"].rstrip(".")) from error


def _tokens(answer: Mapping[str, Any]) -> Tokens:
    result = answer["AuthenticationResult"]
    return Tokens(result["AccessToken"], result.get("RefreshToken", ""))
