"""AWS's JSON 1.1 protocol, driven by botocore's service model: for APIs that MiniStack lacks.

A plug-in gives a table of operations; `JsonService` finds the operation by `X-Amz-Target`, checks the request against
the operation's input shape in AWS's own words, calls it, and writes its answer by the output shape (members that the
shape does not have are dropped; timestamps become epoch seconds).

Protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

import base64
import functools
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from ministack.core import responses

Request: TypeAlias = dict[str, Any]
Response: TypeAlias = tuple[int, dict[str, str], bytes]


class ApiError(Exception):
    """An error that AWS would answer: its code, its message, the HTTP status, and what else its shape carries."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


@dataclass(frozen=True)
class Context:
    """Who asks, and where: what an operation needs beside its request."""

    operation: str
    account_id: str
    region: str
    access_key_id: str | None = None  # None: a caller within this process, which IAM does not concern


Operation: TypeAlias = Callable[[Request, Context], Any]
Authorise: TypeAlias = Callable[[Request, Context], None]


@functools.cache
def service_model(name: str) -> ServiceModel:
    """botocore's own description of a service."""
    return botocore.session.get_session().get_service_model(name)


class JsonService:
    """One service of the JSON 1.1 protocol. `handle` has the signature of a MiniStack service handler."""

    def __init__(
        self, service_name: str, operations: Mapping[str, Operation], authorise: Authorise | None = None
    ) -> None:
        self._model = service_model(service_name)
        self._operations = operations
        self._authorise = authorise
        unknown = set(operations) - set(self._model.operation_names)
        if unknown:
            raise RuntimeError(f"botocore's model of {service_name} has no operation {', '.join(sorted(unknown))}")

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        """Answer one HTTP request."""
        del method, path, query  # the protocol is POST / with everything in the target and the body
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            result = self.call(name, _parse_body(body), access_key_id=access_key(headers))
            if inspect.isawaitable(result):
                result = await result
        except ApiError as error:
            return _error_response(self._model, error)
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(result).encode()

    def call(self, name: str, request: Request, *, access_key_id: str | None = None) -> Any:
        """Run an operation in the ambient account and region; raises ApiError. Awaitable when the operation is."""
        operation = self._operations.get(name)
        if operation is None:
            raise ApiError("UnknownOperationException", f"The embedded AWS has no operation {name!r}.")
        model = self._model.operation_model(name)
        validate(model.input_shape, request)
        context = _context(name, access_key_id)
        if self._authorise:
            self._authorise(request, context)
        result = operation(request, context)
        if inspect.isawaitable(result):
            return _serialise_later(model, result)
        return _output(model, result)


async def _serialise_later(model: OperationModel, result: Awaitable[Any]) -> Any:
    return _output(model, await result)


def _output(model: OperationModel, result: Any) -> Any:
    return _serialise(model.output_shape, result or {}) if model.output_shape else {}


def _context(operation: str, access_key_id: str | None) -> Context:
    return Context(operation, str(responses.get_account_id()), str(responses.get_region()), access_key_id)


def access_key(headers: Mapping[str, str]) -> str:
    """The key that the request is signed with, or nothing. MiniStack has checked the signature before."""
    found = re.search(r"Credential=([^/]+)/", headers.get("authorization", ""))
    return found.group(1) if found else ""


def _parse_body(body: bytes) -> Request:
    """The request document; raises SerializationException as AWS does for what is not a JSON object."""
    try:
        document = json.loads(body or b"{}")
    except ValueError as problem:
        raise ApiError("SerializationException", "Could not parse the request body as JSON.") from problem
    if not isinstance(document, dict):
        raise ApiError("SerializationException", "Start of structure or map was expected.")
    return document


def _error_response(model: ServiceModel, error: ApiError) -> Response:
    """The error in the shape that the service's model gives it (SageMaker's errors say `Message`, others `message`)."""
    shape = next((s for s in model.error_shapes if s.name == error.code), None)
    key = "Message" if isinstance(shape, StructureShape) and "Message" in shape.members else "message"
    document = {"__type": error.code, key: error.message, **error.members}
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": error.code}
    return error.status, headers, json.dumps(document).encode()


def _serialise(shape: Shape, value: Any) -> Any:
    """A value as JSON 1.1 has it on the wire."""
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return {name: _serialise(member, value[name]) for name, member in members if value.get(name) is not None}
    if isinstance(shape, ListShape):
        return [_serialise(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _serialise(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return round(epoch(value), 3)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def epoch(value: Any) -> float:
    """Seconds since 1970 of what JSON 1.1 clients send as a timestamp: a number, or ISO 8601 text."""
    if isinstance(value, (int, float)):
        return float(value)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def validate(shape: Shape | None, request: Request) -> None:
    """Raise AWS's ValidationException, which lists every constraint that the request breaks."""
    problems = list(_problems(shape, request, "")) if shape is not None else []
    if problems:
        plural = "error" if len(problems) == 1 else "errors"
        raise ApiError("ValidationException", f"{len(problems)} validation {plural} detected: " + "; ".join(problems))


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str, bytes),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str, datetime),
}


def _check_type(shape: Shape, value: Any) -> None:
    wanted = _JSON_TYPES[shape.type_name]
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        name = shape.type_name.title()
        article = "an" if name[0] in "AEIOU" else "a"
        raise ApiError("SerializationException", f"{_token(value)} can not be converted to {article} {name}")


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    names = (("START_OBJECT", dict), ("START_ARRAY", list), ("STRING_VALUE", str))
    return next((name for name, kind in names if isinstance(value, kind)), "NUMBER_VALUE")


def _problems(shape: Shape, value: Any, path: str) -> Iterable[str]:
    _check_type(shape, value)
    yield from (
        f"Value {_shown(shape, value)} at '{path}' failed to satisfy constraint: {text}"
        for text in _broken(shape, value)
    )
    for inner, item, inner_path in _children(shape, value, path):
        if item is None:
            yield f"Value null at '{inner_path}' failed to satisfy constraint: Member must not be null"
        else:
            yield from _problems(inner, item, inner_path)


def _children(shape: Shape, value: Any, path: str) -> Iterable[tuple[Shape, Any, str]]:
    """What a container holds; a required member that is absent comes as None, an optional one not at all."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            item = value.get(name)
            if item is not None or name in shape.required_members:
                yield member, item, f"{path}.{_camel(name)}".lstrip(".")
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value, 1):
            yield shape.member, item, f"{path}.{index}.member"
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield shape.key, key, path
            yield shape.value, item, f"{path}.{key}.member"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(shape: Shape, value: Any) -> str:
    if shape.metadata.get("sensitive"):
        return "'***Sensitive Data Redacted***'"
    return f"'{json.dumps(value, default=str) if isinstance(value, (dict, list)) else value}'"


def _broken(shape: Shape, value: Any) -> Iterable[str]:
    """The constraints of the shape itself that a value breaks."""
    rules = shape.metadata
    sized = isinstance(value, (str, list, dict)) and shape.type_name != "structure"
    size = len(value) if sized else value
    of = "length" if sized else "value"
    measurable = sized or (isinstance(value, (int, float)) and not isinstance(value, bool))
    too_long = measurable and "max" in rules and size > rules["max"]
    if measurable and "min" in rules and size < rules["min"]:
        yield f"Member must have {of} greater than or equal to {rules['min']}"
    if too_long:
        yield f"Member must have {of} less than or equal to {rules['max']}"
    # A pattern is not tried on what is too long: nested repetitions would take exponential time.
    if "pattern" in rules and isinstance(value, str) and not too_long and not _matches(rules["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {rules['pattern']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(value) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None for Java's own syntax (\\p{L}), which `re` lacks: those are left to the real AWS."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
