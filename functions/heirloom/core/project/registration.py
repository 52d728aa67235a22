"""A deployed project: what the pipeline needs to know of it, and version 0, the baseline that answers from the start.

Written by the stack's custom resource at each deploy; read when data arrives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from heirloom.core.errors import Invalid
from heirloom.core.lineage.graph import Lineage, Node, version_id
from heirloom.core.project.definition import CanaryPolicy, Project, Serving, Slo
from heirloom.core.project.parameters import text_of
from heirloom.core.project.reading import parse_project
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, change, open_route
from heirloom.core.release.route import Mark, Route, Routes
from heirloom.core.tracking.registry.trained import claim
from heirloom.core.tracking.tracking import Tracking

VARIANT = "AllTraffic"
LONGEST_LIMIT_MS = 15_000
"""What a canary may take for an answer, whatever the SLO: the champion, asked in its place, needs the rest of what one
call of the API may take."""
# What follows the ``v`` in an endpoint's name: the version and, where it was made again, core/release/order.py's mark.
_NUMBER = re.compile(r"([1-9]\d*)(-[pr]?\d+)*")


class Deployments(Protocol):
    """The SageMaker endpoints, with the configuration and the model of the same name. Raises Denied, Unavailable."""

    def names(self, beginning: str) -> tuple[str, ...]:
        """Every name with this beginning that an endpoint, a configuration or a model has."""

    def take_down(self, name: str) -> None:
        """Delete endpoint, its scaling, configuration and model of this name; what is not there is no error."""


@dataclass(frozen=True)
class Registration:
    """A project with what its deploy made: its packed code, its image, its state machines, its baseline's endpoint."""

    project: Project
    code_uri: str
    code_hash: str
    image: str
    state_machine: str
    release_machine: str
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
                release_machine=properties["ReleaseMachineArn"],
                baseline_endpoint=properties["BaselineEndpoint"],
                git_commit=properties.get("GitCommit", ""),
            )
        except KeyError as missing:
            raise Invalid(f"Custom::HeirloomProject lacks the property {missing}") from missing

    def execution(self) -> dict[str, Any]:
        """The project's part of an execution's input; a run may override any of it."""
        training, serving = self.project.training, self.project.serving
        return {
            "model": self.project.name,
            "code_uri": self.code_uri,
            "code_hash": self.code_hash,
            "image": self.image,
            "instance": training.instance,
            "max_seconds": training.max_minutes * 60,
            "hyperparameters": {name: text_of(value) for name, value in training.parameters.items()},
            "variant": _variant(serving),
            "scaling": _scaling(serving),
            "canary": _canary(serving.canary, self.project.slo) if serving.canary else None,
            "keep": serving.keep,
            "git_commit": self.git_commit,
        }


def register(registration: Registration, lineage: Lineage, routes: Routes, tracking: Tracking, at: str) -> Route:
    """Record the project as it is deployed now, and its version 0; the route is made when there is none.

    Called at each deploy, and again when CloudFormation repeats itself: the second time changes nothing. Raises Invalid
    where people have registered versions under the project's name: better now than when something is trained.
    """
    project = registration.project
    claim(project.name, project.description, tracking)
    lineage.put_project(_project_node(registration, at))
    lineage.add(_baseline(registration, at))
    mark = Mark("deploy", at, "the baseline answers until a version is trained")
    return open_route(project.name, registration.baseline_endpoint, mark, routes, lineage)


def deregister(model: str, prefix: str, lineage: Lineage, routes: Routes, deployments: Deployments, at: str) -> None:
    """Take a removed project's route and trained versions down. Its lineage stays; version 0 is the stack's own."""
    if routes.get(model) is not None:
        mark = Mark("deploy", at, "the project was removed")
        change(model, lambda route: moves.remove(route, mark), routes, ATTEMPTS)
    routes.delete(model)
    lineage.withdraw_project(model)
    beginning = endpoint_name(prefix, model, "")
    for name in deployments.names(beginning):
        if _NUMBER.fullmatch(name.removeprefix(beginning)):
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


def _variant(serving: Serving) -> dict[str, Any]:
    """SageMaker's ProductionVariant, less the ModelName that only the version knows."""
    if serving.form == "serverless":
        size = {"MemorySizeInMB": serving.memory_mb, "MaxConcurrency": serving.max_concurrency}
        return {"VariantName": VARIANT, "ServerlessConfig": size}
    return {
        "VariantName": VARIANT,
        "InstanceType": serving.instance,
        "InitialInstanceCount": serving.min_instances,
        "InitialVariantWeight": 1.0,
    }


def _scaling(serving: Serving) -> dict[str, Any] | None:
    """How the instances of an endpoint follow its load; None where there is nothing to follow with.

    ``fixed`` is as the state machine hands it on, which can't negate: what was added stays.
    """
    if not serving.scales:
        return None
    return {
        "min": serving.min_instances,
        "max": serving.max_instances,
        "invocations": serving.invocations_per_instance,
        "fixed": not serving.scale_in,
    }


def _canary(policy: CanaryPolicy, slo: Slo) -> dict[str, Any]:
    """The trial of a new version, as the release's state machine runs it."""
    rules = {"confidence": policy.confidence, "tolerance": policy.tolerance, "min_labels": policy.min_labels}
    return {
        "share": policy.traffic,
        "limit_ms": min(slo.latency_p95_ms, LONGEST_LIMIT_MS),
        "seconds": policy.max_seconds,
        "on_timeout": policy.on_timeout,
        "rules": rules,
    }
