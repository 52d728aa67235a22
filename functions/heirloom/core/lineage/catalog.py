"""The models as callers see them: which there are, which version answers, how each version scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import NotFound
from heirloom.core.lineage.graph import Entry, Lineage
from heirloom.core.project.registration import Registration
from heirloom.core.release.route import Route, Routes

MOST_VERSIONS = 100


@dataclass(frozen=True)
class Model:
    """A line of the list; ``champion`` and ``endpoint`` are None while the model has no route."""

    model: str
    description: str
    owner: str
    champion: int | None
    endpoint: str | None
    objective: Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """A version with its score for the objective's metric and the baseline's; version 0, the baseline, has neither."""

    number: int
    created_at: str
    endpoint: str
    run: str | None = None
    dataset: str | None = None
    metric: str | None = None
    score: float | None = None
    baseline: float | None = None
    at_least: float | None = None
    met: bool | None = None


@dataclass(frozen=True)
class ModelDetail:
    """A model, its route (None while it has none) and its newest versions, newest first."""

    model: Model
    route: Route | None
    features: Mapping[str, str] | None
    versions: tuple[Version, ...]


def list_models(lineage: Lineage, routes: Routes) -> tuple[Model, ...]:
    """Every deployed model, by name."""
    projects = lineage.projects()
    found = routes.get_many(project.id for project in projects)
    return tuple(_model(project, found.get(project.id)) for project in projects)


def show_model(name: str, lineage: Lineage, routes: Routes) -> ModelDetail:
    """A model with its newest versions, at most MOST_VERSIONS. Raises NotFound."""
    project = next((entry for entry in lineage.projects() if entry.id == name), None)
    node = lineage.node("project", name)
    if project is None or node is None:
        raise NotFound(f"there is no model {name!r}: GET /models or `heirloom model list` shows them")
    route = routes.get(name)
    versions = lineage.versions(name, MOST_VERSIONS).entries
    return ModelDetail(
        model=_model(project, route),
        route=route,
        features=Registration.from_document(node.data).project.data.features,
        versions=tuple(Version(created_at=version.created_at, **version.summary) for version in versions),
    )


def _model(project: Entry, route: Route | None) -> Model:
    return Model(
        model=project.id,
        champion=route.champion if route else None,
        endpoint=route.endpoint if route else None,
        **project.summary,
    )
