"""Which endpoint answers what: methods and paths as MLflow's client sends them.

The UI asks the same ones below /ajax-api; version 3.0 of the API has the newer ones, and both names are taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from heirloom.core.tracking import datasets, experiments, history, inputs, intervals, log, runs
from heirloom.core.tracking.artifacts import proxy
from heirloom.core.tracking.artifacts.endpoints import endpoints as of_artifacts
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.artifacts.proxy import Proxied
from heirloom.core.tracking.evaluation.endpoints import ENDPOINTS as EVALUATION
from heirloom.core.tracking.graphql.endpoints import endpoints as of_graphql
from heirloom.core.tracking.models.endpoints import ENDPOINTS as MODELS
from heirloom.core.tracking.registry.endpoints import ENDPOINTS as REGISTRY
from heirloom.core.tracking.tracking import Endpoint
from heirloom.core.tracking.ui import ENDPOINTS as UI

Found = TypeVar("Found")
_PROXY = re.compile(r"/(?:ajax-)?api/2\.0/mlflow-artifacts/(?P<path>.+)")
_BASE = re.compile(r"/(?:ajax-)?api/[23]\.0/mlflow/(?P<path>.+)|/{1,2}(?P<bare>(model-versions/)?get-artifact|graphql)")
_OURS: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "experiments/create"): experiments.create,
    ("GET", "experiments/get"): experiments.get,
    ("GET", "experiments/get-by-name"): experiments.get_by_name,
    ("GET", "experiments/search"): experiments.search,
    ("POST", "experiments/search"): experiments.search,
    ("POST", "experiments/update"): experiments.rename,
    ("POST", "experiments/delete"): experiments.delete,
    ("POST", "experiments/restore"): experiments.restore,
    ("POST", "experiments/set-experiment-tag"): experiments.set_tag,
    ("POST", "experiments/delete-experiment-tag"): experiments.delete_tag,
    ("POST", "experiments/search-datasets"): datasets.search,
    ("POST", "runs/create"): runs.create,
    ("GET", "runs/get"): runs.get,
    ("POST", "runs/update"): runs.update,
    ("POST", "runs/delete"): runs.delete,
    ("POST", "runs/restore"): runs.restore,
    ("POST", "runs/search"): runs.search,
    ("POST", "runs/log-metric"): log.metric,
    ("POST", "runs/log-parameter"): log.parameter,
    ("POST", "runs/log-batch"): log.batch,
    ("POST", "runs/log-model"): log.model,
    ("POST", "runs/set-tag"): log.tag,
    ("POST", "runs/delete-tag"): log.delete_tag,
    ("POST", "runs/log-inputs"): inputs.log_inputs,
    ("POST", "runs/outputs"): inputs.log_outputs,
    ("GET", "metrics/get-history"): history.get,
    ("GET", "metrics/get-history-bulk"): history.get_bulk,
    ("GET", "metrics/get-history-bulk-interval"): intervals.get,
}
Endpoints = Mapping[tuple[str, str], Endpoint]
"""By method and path below mlflow/; a part in braces may be anything."""


def endpoints(artifacts: Artifacts) -> Endpoints:
    """All of them."""
    ours = {**_OURS, **MODELS, **REGISTRY, **EVALUATION, **UI}
    return {**ours, **of_artifacts(artifacts), **of_graphql(artifacts)}


def find(method: str, path: str, known: Mapping[tuple[str, str], Found]) -> tuple[Found, dict[str, str]] | None:
    """Who of those that are known answers a request, and what the parts in braces are; None where nobody does."""
    found = _BASE.fullmatch(path)
    if found is None:
        return None
    asked = found["path"] or found["bare"]
    if (method, asked) in known:
        return known[method, asked], {}
    for (its_method, pattern), endpoint in known.items():
        named = _named(pattern, asked) if its_method == method else None
        if named is not None:
            return endpoint, named
    return None


def find_proxied(method: str, path: str) -> tuple[Proxied, str] | None:
    """Who answers a request for a file, and what follows the route in the path; None where nobody does."""
    found = _PROXY.fullmatch(path)
    return proxy.find(method, found["path"]) if found else None


def _named(pattern: str, path: str) -> dict[str, str] | None:
    parts, given = pattern.split("/"), path.split("/")
    if "{" not in pattern or len(parts) != len(given):
        return None
    pairs = list(zip(parts, given, strict=True))
    if any(part != found for part, found in pairs if not part.startswith("{")):
        return None
    return {part[1:-1]: found for part, found in pairs if part.startswith("{")}
