"""Report a Python function's exception by the name of its class and with its stack trace, as Lambda does.

A plug-in (see local.server). MiniStack names every one `Runtime.HandlerError`, so no Retry or Catch of a state machine
that goes by an error's name would work. https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.worker_script import rewrite

# What the worker's script prints of an exception, and what it prints from now on.
_PRINTED = '"error": str(e), "trace": traceback.format_exc()}'
_TOLD = (
    '"error": str(e), "trace": traceback.format_exc(), "payload": {"errorMessage": str(e),'
    ' "errorType": type(e).__name__, "stackTrace": traceback.format_tb(e.__traceback__)}}'
)

_payload: ContextVar[dict[str, Any] | None] = ContextVar("the error of the invocation under way", default=None)


def install() -> None:
    """Have the worker tell the error and the invocation pass it on. Raises Invalid if MiniStack's script is another."""
    rewrite(_PRINTED, _TOLD)
    ask, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def ask_and_remember(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer: dict[str, Any] = ask(self, *args, **kwargs)
        _payload.set(answer.get("payload"))
        return answer

    def execute_and_name(*args: Any, **kwargs: Any) -> dict[str, Any]:
        token = _payload.set(None)
        try:
            result: dict[str, Any] = execute(*args, **kwargs)
            payload = _payload.get()
            return {**result, "body": payload} if payload and result.get("error") else result
        finally:
            _payload.reset(token)

    lambda_runtime.Worker.invoke = ask_and_remember
    lambda_svc._execute_function_warm = execute_and_name
