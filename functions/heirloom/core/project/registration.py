"""A deployed project: what the pipeline needs to know of it, and version 0, the baseline that answers from the start.

Written by the stack's custom resource at each deploy; read when data arrives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from heirloom.core.errors import Invalid
from heirloom.core.lineage.graph import Lineage, Node, version_id
from heirloom.core.project.definition import Project, Scalar, Serving, parse_project
from heirloom.core.release.route import Change, Route, Routes, open_route

VARIANT = "AllTraffic"


class Deployments(Protocol):
    """The SageMaker endpoints, with the configuration and the model of the same name. Raises Denied, Unavailable."""

    def names(self, beginning: str) -> tuple[str, ...]:
        """Every name with this beginning that an endpoint, a configuration or a model has."""

    def take_down(self, name: str) -> None:
        """Delete endpoint, configuration and model of this name; what is not there is no error."""


@dataclass(frozen=True)
class Registration:
    """A project with what its deploy made: its packed code, its image, its state machine, its baseline's endpoint."""

    project: Project
    code_uri: str
    code_hash: str
    image: str
    state_machine: str
    baseline_endpoint: str
    git_commit: str

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "project": self.project.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Registration:
        """What ``to_document`` wrote."""
        return cls(**{**document, "project": parse_project(document["project"])})

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Registration:
        """The properties of Custom::HeirloomProject: texts all, as CloudFormation hands them over. Raises Invalid."""
        try:
            return cls(
                project=parse_project(json.loads(properties["Spec"])),
                code_uri=properties["CodeUri"],
                code_hash=properties["CodeHash"],
                image=properties["Image"],
                state_machine=properties["StateMachineArn"],
                baseline_endpoint=properties["BaselineEndpoint"],
                git_commit=properties.get("GitCommit", ""),
            )
        except KeyError as missing:
            raise Invalid(f"Custom::HeirloomProject lacks the property {missing}") from missing

    def execution(self) -> dict[str, Any]:
        """The project's part of an execution's input; a run may override any of it."""
        training = self.project.training
        return {
            "model": self.project.name,
            "code_uri": self.code_uri,
            "image": self.image,
            "instance": training.instance,
            "max_seconds": training.max_minutes * 60,
            "hyperparameters": {name: _text(value) for name, value in training.parameters.items()},
            "variant": _variant(self.project.serving),
            "git_commit": self.git_commit,
        }


def register(registration: Registration, lineage: Lineage, routes: Routes, at: str) -> Route:
    """Record the project as it is deployed now, and its version 0; the route is made when there is none.

    Called at each deploy, and again when CloudFormation repeats itself: the second time changes nothing.
    """
    project = registration.project
    lineage.put_project(_project_node(registration, at))
    lineage.add(_baseline(registration, at))
    change = Change(
        model=project.name,
        version=0,
        endpoint=registration.baseline_endpoint,
        changed_by="deploy",
        changed_at=at,
        reason="the baseline answers until a version is trained",
    )
    return open_route(change, routes, lineage)


def deregister(model: str, prefix: str, lineage: Lineage, routes: Routes, deployments: Deployments) -> None:
    """Take a removed project's route and trained versions down. Its lineage stays; version 0 is the stack's own."""
    routes.delete(model)
    lineage.withdraw_project(model)
    beginning = endpoint_name(prefix, model, "")
    for name in deployments.names(beginning):
        number = name.removeprefix(beginning)
        if number.isdecimal() and int(number) > 0:
            deployments.take_down(name)


def registered(model: str, lineage: Lineage) -> Registration | None:
    """The project of this name if it is deployed."""
    if model not in (entry.id for entry in lineage.projects()):
        return None
    node = lineage.node("project", model)
    return Registration.from_document(node.data) if node else None


def endpoint_name(prefix: str, model: str, version: int | str) -> str:
    """The name of a version's SageMaker model, endpoint configuration and endpoint."""
    return f"{prefix}-{model}-v{version}"


def _project_node(registration: Registration, at: str) -> Node:
    """A project as the graph keeps it."""
    project = registration.project
    summary = {
        "description": project.description,
        "owner": project.owner,
        "objective": asdict(project.objective),
    }
    return Node("project", project.name, project.name, at, registration.to_document(), summary)


def _baseline(registration: Registration, at: str) -> Node:
    model = registration.project.name
    summary = {"number": 0, "endpoint": registration.baseline_endpoint, "run": None}
    data = {**summary, "model_uri": registration.code_uri, "image": registration.image}
    return Node("version", version_id(model, 0), model, at, data, summary)


def _text(value: Scalar) -> str:
    """A parameter as SageMaker's hyperparameters carry it; core/project/parameters.py reads it back."""
    return value if isinstance(value, str) else json.dumps(value)


def _variant(serving: Serving) -> dict[str, Any]:
    """SageMaker's ProductionVariant, less the ModelName that only the version knows."""
    if serving.form == "serverless":
        size = {"MemorySizeInMB": serving.memory_mb, "MaxConcurrency": serving.max_concurrency}
        return {"VariantName": VARIANT, "ServerlessConfig": size}
    return {
        "VariantName": VARIANT,
        "InstanceType": serving.instance,
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
