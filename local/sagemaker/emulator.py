"""Everything that the embedded SageMaker touches of MiniStack, in one place; `check` says which of it has moved."""

from __future__ import annotations

import contextvars
import importlib
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ministack import app
from ministack.core import iam_evaluator, responses, router
from ministack.services import eventbridge, iam, sts

Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[tuple[int, dict[str, str], bytes]]]


def check() -> None:
    """Raise RuntimeError, one line, when MiniStack lacks a name that this plug-in is built on."""
    needed = {
        "ministack.app": ("SERVICE_HANDLERS", "AUTH", "_MAIN_LOOP", "call_service_handler_sync"),
        "ministack.core.router": ("SERVICE_PATTERNS",),
        "ministack.core.responses": ("request_scope", "get_account_id", "get_region"),
        "ministack.core.iam_evaluator": ("AuthError", "enforce"),
        "ministack.services.sts": ("register_session", "_sessions"),
        "ministack.services.iam": ("_roles",),
        "ministack.services.eventbridge": ("_put_events",),
    }
    for module_name, names in needed.items():
        module = importlib.import_module(module_name)
        for name in names:
            if not hasattr(module, name):
                raise RuntimeError(f"MiniStack has moved {module_name}.{name}; the embedded SageMaker needs it.")


def register(service: str, patterns: Mapping[str, list[str]], handler: Handler) -> None:
    """Route a service's requests to a handler of ours."""
    router.SERVICE_PATTERNS[service] = dict(patterns)
    app.SERVICE_HANDLERS[service] = handler


def account_id() -> str:
    """Of the request, or of the background work that was started for one."""
    return str(responses.get_account_id())


def region() -> str:
    return str(responses.get_region())


def scope(account: str, in_region: str) -> AbstractContextManager[None]:
    """Act in this account and region: for threads that no request started."""
    manager: AbstractContextManager[None] = responses.request_scope(account, in_region)
    return manager


def endpoint_url() -> str:
    """Where the processes that we start, and our own S3 client, find the embedded AWS."""
    return os.environ.get("AWS_ENDPOINT_URL") or f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"


def auth_enforced() -> bool:
    return bool(app.AUTH)


def serving() -> bool:
    """Whether MiniStack has started to answer requests."""
    return app._MAIN_LOOP is not None and app._MAIN_LOOP.is_running()


def call(service: str, target: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Call another service of MiniStack by its JSON protocol. Blocks: never from the event loop."""
    headers = {
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.1",
        "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{region()}/{service}/aws4_request",
    }
    handler = app.SERVICE_HANDLERS[service]
    body = json.dumps(payload).encode()
    _, _, answer = app.call_service_handler_sync(handler, "POST", "/", headers, body, {}, timeout=10)
    return dict(json.loads(answer or b"{}"))


def put_event(detail_type: str, detail: Mapping[str, Any], arn: str) -> None:
    """Publish an event of AWS's own source. May run a target at once: never from the event loop."""
    entry = {
        "Source": "aws.sagemaker",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": [arn],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


@dataclass(frozen=True)
class Credentials:
    """A role's session, as the SDKs' environment variables."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


def open_session(role_arn: str, name: str) -> Credentials:
    """Assume a role as its service. Does not expire: AWS renews an instance's credentials, an environment cannot."""
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    made = Credentials("ASIA" + secrets.token_hex(8).upper(), secrets.token_hex(20), secrets.token_hex(64))
    sts.register_session(
        made.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": made.secret_access_key,
            "SessionToken": made.session_token,
        },
    )
    return made


def close_session(credentials: Credentials) -> None:
    sts._sessions.pop(credentials.access_key_id, None)


def trusts(role_arn: str, service: str) -> bool:
    """Whether the role exists and its trust policy names the service. Always, when IAM is not enforced."""
    if not auth_enforced():
        return True
    role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1])
    document = role.get("AssumeRolePolicyDocument", "") if role else ""
    return service in (document if isinstance(document, str) else json.dumps(document))


def denial(access_key_id: str, action: str, arn: str, conditions: Mapping[str, Any] | None = None) -> str | None:
    """Why IAM refuses the action, or None when it is allowed (or IAM is not enforced)."""
    if not auth_enforced():
        return None
    result = iam_evaluator.enforce(
        access_key_id, action, "sagemaker", region(), resource_arn=arn, service_context=dict(conditions or {})
    )
    if result is None:
        return None
    if isinstance(result, iam_evaluator.AuthError):
        return str(result.message)
    reason = (
        "with an explicit deny in an identity-based policy"
        if result.decision == "Deny"
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {result.principal_arn} is not authorized to perform: {action} on resource: {arn} {reason}"


def run_apart(task: Callable[[], Any]) -> Any:
    """Run in a context that holds nothing of the request that came before but its account and region."""
    account, in_region = account_id(), region()

    def scoped() -> Any:
        with scope(account, in_region):
            return task()

    return contextvars.Context().run(scoped)
