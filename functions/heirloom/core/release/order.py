"""Ordering a release: the input of the state machine that makes a version's endpoint, tests it and moves the route.

The pipeline orders one for what it has trained; people do when they want a version whose endpoint was removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Conflict, NotFound
from heirloom.core.lineage.graph import Document, Lineage, Node, version_id
from heirloom.core.project.registration import Registration, registered
from heirloom.core.release.route import Mark, Route
from heirloom.core.run.upload import Executions

PROMOTE, ROLLBACK = "promote", "rollback"
MOST_NAMES = 20
"""How many releases of one version are started at one revision of a route: each that failed leaves its name taken."""


@dataclass(frozen=True)
class Order:
    """What is to be released: ``goal`` is PROMOTE or ROLLBACK, ``id`` names the execution and the trial.

    ``canary`` is the trial that comes before a promotion, None for none; ``keep`` is how many earlier endpoints stay.
    ``quarantine``: whether a rollback marks the version that is left as bad. ``champion`` is the one that a person
    has seen: where another one answers by the time the endpoint is there, the wish is past.
    """

    id: str
    goal: str
    mark: Mark
    keep: int
    canary: Mapping[str, Any] | None = None
    quarantine: bool = True
    champion: int | None = None


def release_input(order: Order, version: Node, name: str, run: Document | None = None) -> dict[str, Any]:
    """The input of the release's state machine, for an endpoint of this ``name``.

    ``version`` is the version's node in the lineage, ``run`` the state's part of the run that made it just now.
    """
    made = version.data
    wish = {"id": order.id, "goal": order.goal, **vars(order.mark)}
    return {
        "release": {**wish, "quarantine": order.quarantine, "champion": order.champion},
        "run": {
            "id": run["id"] if run else None,
            "model": version.model,
            "at": run["at"] if run else order.mark.at,
            "dataset": made["dataset"],
        },
        "version": {"number": made["number"], "name": name},
        "deployment": {
            "image": made["image"],
            "model_uri": made["model_uri"],
            "variants": [{**variant, "ModelName": name} for variant in made["variants"]],
            "scaling": made["scaling"],
        },
        "canary": order.canary,
        "keep": order.keep,
    }


@dataclass(frozen=True)
class Wanted:
    """A version that a person wants to answer though it has no endpoint."""

    version: int
    goal: str
    mark: Mark
    quarantine: bool = True


def start_release(wanted: Wanted, route: Route, lineage: Lineage, executions: Executions) -> str:
    """Have the endpoint made again, and the route moved to it when it is tested; the name of the execution.

    Asked again while that runs, it is the same execution: its name is made of model, version, goal and the route's
    revision. The endpoint is named alike, since the one before may still be on its way out. Raises NotFound, Conflict.
    """
    version, registration = made_before(wanted.version, route.model, lineage)
    machine = registration.release_machine
    for count in range(1, MOST_NAMES + 1):
        making = f"{wanted.goal[0]}{route.revision}" if count == 1 else f"{wanted.goal[0]}{route.revision}-{count}"
        name = f"{route.model}-v{wanted.version}-{making}"
        order = Order(
            name,
            wanted.goal,
            wanted.mark,
            registration.project.serving.keep,
            quarantine=wanted.quarantine,
            champion=route.champion,
        )
        document = release_input(order, version, f"{version.data['endpoint']}-{making}")
        if executions.start(machine, name, document):
            return name
        running = executions.find(machine, name)
        if running and running.status == "RUNNING":
            return name
    raise Conflict(
        f"{MOST_NAMES} releases of version {wanted.version} of {route.model} have failed. What they failed of: "
        f"`aws stepfunctions list-executions --state-machine-arn {machine}`"
    )


def made_before(version: int, model: str, lineage: Lineage) -> tuple[Node, Registration]:
    """What an endpoint of the version is made of. Raises NotFound."""
    node, registration = lineage.node("version", version_id(model, version)), registered(model, lineage)
    if node is None or registration is None:
        raise NotFound(f"there is no version {version} of {model}: `heirloom model show {model}` lists them")
    return node, registration
