"""The three protocols of CloudWatch (CBOR, JSON, Query), read and written by botocore's service model.

Handlers of MiniStack get ``(params, data, is_cbor, is_json)``: form parameters, or the decoded body. Here that becomes
one plain request, and one plain result (times as epoch seconds) becomes the answer, whichever the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import cbor2
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator
from ministack.services import cloudwatch

from local.alarms.request import RefusedError

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Answer]


@cache
def operation_model(name: str) -> OperationModel:
    """Botocore's description of a CloudWatch operation."""
    model = ServiceModel(Loader().load_service_model("cloudwatch", "service-2"), "cloudwatch")
    return model.operation_model(name)


def handler(operation: str, action: Callable[[dict[str, Any]], dict[str, Any]]) -> Handler:
    """A handler of MiniStack that answers ``operation`` with ``action``, and a RefusedError as AWS would."""

    def handle(params: Mapping[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Answer:
        try:
            request = data if is_cbor or is_json else _nested(params)
            result = action(validated(operation, request))
        except RefusedError as exc:
            return _typed(cloudwatch._error(exc.code, str(exc), exc.status, use_json=is_json, use_cbor=is_cbor))
        return _answer(operation_model(operation), result, is_cbor, is_json)

    return handle


def validated(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with its numbers and booleans as such, checked against the service model; unknown members dropped."""
    shape = operation_model(operation).input_shape
    typed = _walk(request, shape, _scalar) if shape else {}
    if shape and (report := ParamValidator().validate(typed, shape)).has_errors():
        raise RefusedError(report.generate_report())
    return dict(typed)


def _answer(operation: OperationModel, result: dict[str, Any], is_cbor: bool, is_json: bool) -> Answer:
    shape = operation.output_shape
    if is_cbor:
        return _typed(cloudwatch._cbor_ok(_walk(result, shape, _to_cbor) if shape else {}))
    if is_json:
        return _typed(cloudwatch._json_ok(_walk(result, shape, _to_json) if shape else {}))
    inner = f"<{operation.name}Result>{_xml(result, shape)}</{operation.name}Result>" if shape else ""
    return _typed(cloudwatch._xml(200, f"{operation.name}Response", inner))


def _typed(answer: Any) -> Answer:
    return answer  # type: ignore[no-any-return]  # MiniStack has no annotations


def _walk(value: Any, shape: Shape, leaf: Callable[[Any, Shape], Any]) -> Any:
    """``value`` with ``leaf`` applied to its scalars; members that the shape doesn't have, and None, are left out."""
    match shape, value:
        case StructureShape(), Mapping():
            members = shape.members.items()
            return {name: _walk(value[name], member, leaf) for name, member in members if value.get(name) is not None}
        case ListShape(), list() | tuple():
            return [_walk(item, shape.member, leaf) for item in value]
        case MapShape(), Mapping():
            return {key: _walk(item, shape.value, leaf) for key, item in value.items()}
        case ((StructureShape() | ListShape() | MapShape()), _):
            raise RefusedError(f"a {shape.type_name} is expected for {shape.name}, got {value!r}", "MalformedInput")
    return leaf(value, shape)


def _scalar(value: Any, shape: Shape) -> Any:
    """Form parameters and CloudFormation properties come as text where the model wants a number or a boolean."""
    if shape.type_name == "timestamp":
        return cloudwatch._parse_ts(value)
    if not isinstance(value, str) or shape.type_name == "string":
        return float(value) if shape.type_name == "double" and isinstance(value, int) else value
    try:
        return _READ[shape.type_name](value)
    except (KeyError, ValueError) as exc:
        raise RefusedError(f"{value!r} is no {shape.type_name}", "MalformedInput") from exc


_READ: Mapping[str, Callable[[str], Any]] = {
    "integer": int,
    "double": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


def _to_cbor(value: Any, shape: Shape) -> Any:
    return cbor2.CBORTag(1, float(value)) if shape.type_name == "timestamp" else value


def _to_json(value: Any, shape: Shape) -> Any:
    return int(value) if shape.type_name == "timestamp" else value


def _xml(value: Any, shape: Shape) -> str:
    match shape:
        case StructureShape():
            present = ((name, member) for name, member in shape.members.items() if value.get(name) is not None)
            return "".join(f"<{name}>{_xml(value[name], member)}</{name}>" for name, member in present)
        case ListShape():
            return "".join(f"<member>{_xml(item, shape.member)}</member>" for item in value)
        case MapShape():
            entries = (
                f"<key>{escape(key)}</key><value>{_xml(item, shape.value)}</value>" for key, item in value.items()
            )
            return "".join(f"<entry>{entry}</entry>" for entry in entries)
    if shape.type_name == "timestamp":
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def _nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """``A.member.1.B=x`` as ``{"A": [{"B": "x"}]}``."""
    tree: dict[str, Any] = {}
    for key, values in params.items():
        *path, last = re.split(r"\.", key)
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[last] = values[0] if isinstance(values, list) else values
    return {key: _listed(value) for key, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"} and isinstance(value["member"], dict):
        return [_listed(item) for _, item in sorted(value["member"].items(), key=lambda entry: int(entry[0]))]
    return {key: _listed(item) for key, item in value.items()}
