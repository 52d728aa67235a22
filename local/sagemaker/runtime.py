"""InvokeEndpoint: the data plane.

AWS pages: "InvokeEndpoint" (API reference), "Monitor Amazon SageMaker AI with Amazon CloudWatch".
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from local.awsjson import ApiError, Response, access_key
from local.sagemaker import emulator
from local.sagemaker.backend import Backend, arn
from local.sagemaker.http1 import Answer, TooLargeError
from local.sagemaker.serving import Variant

PATH = re.compile(r"/endpoints/([^/]+)/invocations/?")
CUSTOM = "x-amzn-sagemaker-custom-attributes"
FORWARDED = ("content-type", "accept", CUSTOM, "x-amzn-sagemaker-inference-id")
TIMED_OUT = (
    b"Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    b"each container in Amazon CloudWatch, resolve the issue, and try again."
)
STATUS = {"ThrottlingException": 429, "ModelError": 424, "AccessDeniedException": 403}


class Runtime:
    """InvokeEndpoint: from a request to the variant's process and back."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def handle(self, path: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one request of the runtime's API."""
        began = time.perf_counter()
        try:
            return await self._invoke(path, headers, body, began)
        except ApiError as error:
            document = {"message": error.message, "Message": error.message, **error.members}
            # In lower case: MiniStack rewrites a "Content-Type" to the one of the control plane's protocol.
            made = {"content-type": "application/json"}
            if error.code:
                made["x-amzn-errortype"] = error.code
            return STATUS.get(error.code, error.status), made, json.dumps(document).encode()

    async def _invoke(self, path: str, headers: Mapping[str, str], body: bytes, began: float) -> Response:
        found = PATH.fullmatch(unquote(path))
        if found is None:
            raise ApiError("UnknownOperationException", f"The embedded AWS has no operation at {path}.", 404)
        name = found.group(1)
        authorise(name, access_key(headers))
        variant = self._choose(name, headers.get("x-amzn-sagemaker-target-variant"))
        _check_size(body, variant.size_limit)
        if variant.max_concurrency is not None and variant.in_flight >= variant.max_concurrency:
            raise ApiError("ThrottlingException", "Rate exceeded")
        variant.in_flight += 1
        try:
            return await self._ask(name, variant, headers, body, began)
        finally:
            variant.in_flight -= 1

    def _choose(self, name: str, wanted: str | None) -> Variant:
        deployment = self._backend.deployments.get(arn("endpoint", name))
        if deployment is None:
            raise ApiError("ValidationError", f"Endpoint {name} of account {emulator.account_id()} not found.")
        if wanted is None:
            return deployment.choose()
        if wanted not in deployment.variants:
            raise ApiError("ValidationError", f"Variant {wanted} of endpoint {name} not found.")
        return deployment.variants[wanted]

    async def _ask(
        self, name: str, variant: Variant, headers: Mapping[str, str], body: bytes, began: float
    ) -> Response:
        sent = time.perf_counter()
        forwarded = {key: headers[key] for key in FORWARDED if key in headers}
        answer = await self._answer(variant, forwarded, body)
        latency = time.perf_counter() - sent
        self._measure(name, variant, answer.status, latency, time.perf_counter() - began - latency)
        if answer.status // 100 != 2:
            raise _model_error(variant, answer)
        return 200, _answer_headers(variant, answer), answer.body

    async def _answer(self, variant: Variant, headers: dict[str, str], body: bytes) -> Answer:
        """The container's answer; status 0 with the reason when there is none."""
        try:
            return await asyncio.wait_for(variant.invoke(headers, body), self._backend.settings.invoke_timeout)
        except TimeoutError:
            return Answer(0, {}, TIMED_OUT)
        except TooLargeError:
            return Answer(0, {}, f"The answer of the container exceeds {variant.size_limit} bytes.".encode())
        except OSError as problem:
            return Answer(0, {}, f"The container did not answer: {problem}".encode())

    def _measure(self, name: str, variant: Variant, status: int, latency: float, overhead: float) -> None:
        values = {
            "Invocations": (1.0, "Count"),
            "ModelLatency": (float(round(latency * 1e6)), "Microseconds"),
            "OverheadLatency": (float(round(overhead * 1e6)), "Microseconds"),
            "Invocation4XXErrors": (float(400 <= status < 500), "Count"),
            "Invocation5XXErrors": (float(status == 0 or status >= 500), "Count"),
            "InvocationModelErrors": (float(status // 100 != 2), "Count"),
        }
        self._backend.telemetry.measure(name, variant.name, values)


def authorise(name: str, access_key_id: str) -> None:
    """Raises ApiError, AccessDeniedException, where IAM does not let the caller invoke this endpoint."""
    if reason := emulator.denial(access_key_id, "sagemaker:InvokeEndpoint", arn("endpoint", name)):
        raise ApiError("AccessDeniedException", reason)


def _check_size(body: bytes, limit: int) -> None:
    """AWS's front refuses with 413 and no error code; SDKs show the status as the code."""
    if len(body) > limit:
        raise ApiError("", f"HTTP content length exceeded {limit} bytes.", 413)


def _answer_headers(variant: Variant, answer: Answer) -> dict[str, str]:
    made = {
        "content-type": answer.headers.get("content-type", "application/octet-stream"),
        "x-Amzn-Invoked-Production-Variant": variant.name,
    }
    if CUSTOM in answer.headers:
        made[CUSTOM] = answer.headers[CUSTOM]
    return made


def _model_error(variant: Variant, answer: Answer) -> ApiError:
    """The container's refusal as AWS wraps it."""
    region, account = emulator.region(), emulator.account_id()
    text = answer.body.decode(errors="replace")
    kind = "client" if 400 <= answer.status < 500 else "server"
    members: dict[str, Any] = {
        "ErrorCode": f"{kind.upper()}_ERROR_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{region}:{account}:log-group:{variant.log_group}",
        "OriginalMessage": text,
        "OriginalStatusCode": answer.status,
    }
    message = (
        f'Received {kind} error ({answer.status}) from primary with message "{text}". See '
        f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:"
        f"group={variant.log_group} in account {account} for more information."
    )
    return ApiError("ModelError", message, 424, **members)
