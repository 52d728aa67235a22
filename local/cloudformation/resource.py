"""What a resource type is to MiniStack's CloudFormation, and how a template's properties become an API request."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.core.responses import get_region
from ministack.services.cloudformation.provisioners import _physical_name

from local import clients

Properties = dict[str, Any]
# The physical id, which Ref gives, and the attributes that Fn::GetAtt gives.
Made = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class ResourceType:
    """A type: how it is created, updated in place and deleted.

    ``create(logical id, properties, stack)``, ``update(physical id, old, new)``, ``delete(physical id, properties)``.
    ``create_only``: the properties whose change replaces the resource ("Update requires: Replacement").
    ``name_property``: the property that names it, whose value can't be kept in a replacement.
    """

    name: str
    create: Callable[[str, Properties, str], Made]
    update: Callable[[str, Properties, Properties], Made]
    delete: Callable[[str, Properties], None]
    create_only: tuple[str, ...]
    name_property: str = ""

    def handlers(self) -> dict[str, Any]:
        """The entry of MiniStack's table of resource types."""

        def create(logical_id: str, properties: Properties, stack_name: str) -> Made:
            with _handler_errors():
                return self.create(logical_id, properties, stack_name)

        def update(physical_id: str, old: Properties, new: Properties, _stack_name: str) -> Made:
            with _handler_errors():
                return self.update(physical_id, old, new)

        def delete(physical_id: str, properties: Properties) -> None:
            with _handler_errors():
                self.delete(physical_id, properties)

        return {"create": create, "update": update, "delete": delete}


def client(service: str) -> Any:
    """A client of this very emulator, in the region of the stack; the environment says where and as whom."""
    return _client(service, str(get_region()))


@functools.lru_cache(maxsize=16)
def _client(service: str, region: str) -> Any:
    return clients.client(service, region_name=region)


def named(stack_name: str, logical_id: str, given: object) -> str:
    """The name that a template gives, or one that CloudFormation makes up, of the length that SageMaker allows.

    Ours are in lower case, as SageMaker writes every name in its ARN, so that the ARN tells the name.
    """
    return str(given or _physical_name(stack_name, logical_id, lowercase=True, max_len=63))


def request(service: str, operation: str, properties: Properties) -> dict[str, Any]:
    """A template's properties as the parameters of an operation, of the types that it expects.

    Templates may write numbers and booleans as text, and CloudFormation converts them. A property that the operation
    does not know is refused, as CloudFormation refuses it.
    """
    shape = client(service).meta.service_model.operation_model(operation).input_shape
    return dict(_shaped(shape, properties, ""))


def _shaped(shape: Shape, value: Any, path: str) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if unknown := sorted(set(value) - set(shape.members)):
            raise ValueError(f"Model validation failed (#{path}: extraneous key [{unknown[0]}] is not permitted)")
        return {name: _shaped(shape.members[name], item, f"{path}/{name}") for name, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_shaped(shape.member, item, f"{path}/{index}") for index, item in enumerate(value)]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _shaped(shape.value, item, f"{path}/{key}") for key, item in value.items()}
    return _scalar(shape.type_name, value)


def _scalar(type_name: str, value: Any) -> Any:
    if type_name == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, str):
        convert: dict[str, Callable[[str], Any]] = {
            "integer": int,
            "long": int,
            "float": float,
            "double": float,
            "boolean": lambda text: text.lower() == "true",
        }
        return convert.get(type_name, str)(value)
    return value


@contextlib.contextmanager
def _handler_errors() -> Iterator[None]:
    """The API's refusal, in the words of a CloudFormation event's reason."""
    try:
        yield
    except ClientError as exc:
        error = exc.response["Error"]
        raise ValueError(
            f'Resource handler returned message: "{error["Message"]}" (HandlerErrorCode: {error["Code"]})'
        ) from exc
    except ParamValidationError as exc:
        raise ValueError(f"Model validation failed ({exc})") from exc
