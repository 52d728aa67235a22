"""What the operations share: settings, resources, telemetry, and names."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.awsjson import ApiError, Request
from local.sagemaker import emulator
from local.sagemaker.container import Fleet
from local.sagemaker.settings import Settings
from local.sagemaker.store import Row, Store
from local.sagemaker.telemetry import Telemetry

if TYPE_CHECKING:
    from local.sagemaker.jobs import TrainingRun
    from local.sagemaker.serving import Deployment


@dataclass
class Backend:
    """One embedded SageMaker. `runs` and `deployments` are what has processes, by ARN."""

    settings: Settings
    store: Store
    telemetry: Telemetry
    fleet: Fleet
    runs: dict[str, TrainingRun] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    _began: float = field(default_factory=time.time)

    def left(self, table: Iterable[Row]) -> list[Row]:
        """What was there before this start: requests come in while it is being brought back."""
        return [row for row in table if row["LastModifiedTime"] < self._began]


def arn(kind: str, name: str) -> str:
    """A resource's ARN. Names are in lower case there, but for the registry's (see docs/local-sagemaker.md)."""
    shown = name if kind.startswith("model-package") else name.lower()
    return f"arn:aws:sagemaker:{emulator.region()}:{emulator.account_id()}:{kind}/{shown}"


def new_row(request: Request, **attributes: Any) -> Row:
    """A resource as asked for; its tags are kept elsewhere."""
    now = time.time()
    asked = {key: value for key, value in request.items() if key != "Tags"}
    return {**asked, "CreationTime": now, "LastModifiedTime": now, **attributes}


def keep_tags(backend: Backend, resource: str, tags: Iterable[Mapping[str, str]]) -> None:
    """Add tags to a resource, by its ARN; a key that it has gets the new value."""
    table = backend.store.table("tags")
    given = {tag["Key"]: tag["Value"] for tag in tags}
    if not table.add(resource, {"Tags": given}):
        table.update(resource, Tags={**(table.get(resource) or {"Tags": {}})["Tags"], **given})


def not_valid(message: str) -> ApiError:
    """The error that SageMaker answers to nearly everything, a name that is not there included."""
    return ApiError("ValidationException", message)


def check_role(role_arn: str) -> None:
    """Refuse a role that SageMaker could not assume."""
    if not emulator.trusts(role_arn, "sagemaker.amazonaws.com"):
        raise not_valid(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        )
