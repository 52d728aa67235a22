"""Sign people in as Cognito does: who answers a challenge must have been asked it, and only access is by token.

A plug-in (see local.server). MiniStack sets a new password, and takes a code, for whoever names a user; and its refresh
tokens are signed like access tokens, so that an API's JWT authorizer takes them, where Cognito's can't be read.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import apigateway, cognito

Answer = tuple[int, dict[str, str], bytes]
Data = dict[str, Any]
CHALLENGES = ("NEW_PASSWORD_REQUIRED", "SOFTWARE_TOKEN_MFA", "MFA_SETUP")
MINUTES = 3
"""For which a session can be answered where the app client does not say: AuthSessionValidity."""
_asked: dict[str, tuple[str, str, float]] = {}
"""By session: the app client, the name of the user, and the time on the monotonic clock when it ends."""


def install() -> None:
    """Wrap what asks a challenge, what takes its answer, and what judges a token."""
    asking, answering, judging = (
        cognito._password_auth_result,
        cognito._respond_to_auth_challenge,
        apigateway._validate_jwt_authorizer,
    )

    def ask(pool: Data, pool_id: str, client: str, user: Data, *rest: Any, **more: Any) -> Answer:
        answer: Answer = asking(pool, pool_id, client, user, *rest, **more)
        session = json.loads(answer[2]).get("Session")
        if session:
            minutes = pool["_clients"][client].get("AuthSessionValidity") or MINUTES
            _asked[session] = client, user["Username"], time.monotonic() + 60 * minutes
        return answer

    def answer(data: Data) -> Answer:
        if data.get("ChallengeName") not in CHALLENGES:
            other: Answer = answering(data)
            return other
        return _refused(data) or _taken(data, answering)

    async def judge(*arguments: Any) -> Any:
        return await _judged(judging, arguments)

    cognito._password_auth_result = ask
    cognito._respond_to_auth_challenge = answer
    apigateway._validate_jwt_authorizer = judge


def _refused(data: Data) -> Answer | None:
    """The error where nobody was asked that by this session, or the new password is too weak."""
    now, answers = time.monotonic(), data.get("ChallengeResponses") or {}
    for session in [session for session, (_, _, end) in _asked.items() if end < now]:
        del _asked[session]
    client, username, _ = _asked.get(data.get("Session", ""), ("", "", 0.0))
    pool, _ = cognito._pool_for_client(client)
    named = cognito._resolve_user(pool, answers.get("USERNAME"))[0] if pool else None
    if named is None or client != data.get("ClientId") or named["Username"] != username:
        refusal: Answer = error_response_json("NotAuthorizedException", "Invalid session for the user.", 400)
        return refusal
    new = answers.get("NEW_PASSWORD", "")
    weak: Answer | None = cognito._validate_password(pool, new) if data["ChallengeName"] == CHALLENGES[0] else None
    return weak


def _taken(data: Data, answering: Callable[[Data], Answer]) -> Answer:
    """A session is answered once; what was wrong can be tried again."""
    answer = answering(data)
    if answer[0] == 200:
        del _asked[data["Session"]]
    return answer


async def _judged(judging: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> Any:
    claims, scopes, error = await judging(*arguments)
    if error is None and claims.get("token_use") == "refresh":
        return None, None, apigateway._jwt_unauthorized()
    return claims, scopes, error
