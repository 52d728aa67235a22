"""Which endpoint answers what: methods and paths as MLflow's client sends them.

The UI asks the same ones below /ajax-api; version 3.0 of the API has the newer ones, and both names are taken.
"""

from __future__ import annotations

import re

from heirloom.core.tracking import datasets, experiments, history, inputs, intervals, log, runs
from heirloom.core.tracking.artifacts import proxy
from heirloom.core.tracking.artifacts.endpoints import endpoints as of_artifacts
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.artifacts.proxy import Proxied
from heirloom.core.tracking.door import Door
from heirloom.core.tracking.evaluation.endpoints import ENDPOINTS as EVALUATION
from heirloom.core.tracking.graphql.endpoints import endpoints as of_graphql
from heirloom.core.tracking.models.endpoints import ENDPOINTS as MODELS
from heirloom.core.tracking.registry.endpoints import ENDPOINTS as REGISTRY
from heirloom.core.tracking.roles import Answering, ByRole, Role, merged
from heirloom.core.tracking.tracking import Endpoint
from heirloom.core.tracking.ui import ENDPOINTS as UI

_PROXY = re.compile(r"/(?:ajax-)?api/2\.0/mlflow-artifacts/(?P<path>.+)")
_BASE = re.compile(r"/(?:ajax-)?api/[23]\.0/mlflow/(?P<path>.+)|/{1,2}(?P<bare>(model-versions/)?get-artifact|graphql)")
Endpoints = ByRole[Endpoint]
"""By the least role, then by method and path below mlflow/; a part in braces may be anything."""
_OURS: Endpoints = {
    Role.VIEWER: {
        ("GET", "experiments/get"): experiments.get,
        ("GET", "experiments/get-by-name"): experiments.get_by_name,
        ("GET", "experiments/search"): experiments.search,
        ("POST", "experiments/search"): experiments.search,
        ("POST", "experiments/search-datasets"): datasets.search,
        ("GET", "runs/get"): runs.get,
        ("POST", "runs/search"): runs.search,
        ("GET", "metrics/get-history"): history.get,
        ("GET", "metrics/get-history-bulk"): history.get_bulk,
        ("GET", "metrics/get-history-bulk-interval"): intervals.get,
    },
    Role.DATA_SCIENTIST: {
        ("POST", "experiments/create"): experiments.create,
        ("POST", "experiments/update"): experiments.rename,
        ("POST", "experiments/set-experiment-tag"): experiments.set_tag,
        ("POST", "experiments/delete-experiment-tag"): experiments.delete_tag,
        ("POST", "runs/create"): runs.create,
        ("POST", "runs/update"): runs.update,
        ("POST", "runs/delete"): runs.delete,
        ("POST", "runs/restore"): runs.restore,
        ("POST", "runs/log-metric"): log.metric,
        ("POST", "runs/log-parameter"): log.parameter,
        ("POST", "runs/log-batch"): log.batch,
        ("POST", "runs/log-model"): log.model,
        ("POST", "runs/set-tag"): log.tag,
        ("POST", "runs/delete-tag"): log.delete_tag,
        ("POST", "runs/log-inputs"): inputs.log_inputs,
        ("POST", "runs/outputs"): inputs.log_outputs,
    },
    Role.ADMIN: {
        ("POST", "experiments/delete"): experiments.delete,
        ("POST", "experiments/restore"): experiments.restore,
    },
}


def endpoints(artifacts: Artifacts) -> Endpoints:
    """All of them."""
    files = of_artifacts(artifacts)
    return merged(_OURS, MODELS, REGISTRY, EVALUATION, UI, files, of_graphql(artifacts))


def find(method: str, path: str, known: ByRole[Answering], door: Door) -> tuple[Answering, dict[str, str]] | None:
    """Who of those that are known answers a request, and what the parts in braces are; None where nobody does.

    Raises Denied where the door lets nobody so far.
    """
    below = _BASE.fullmatch(path)
    found = _found(method, below["path"] or below["bare"], known) if below else None
    if found is None:
        return None
    answering, least, named = found
    door.admit(least)
    return answering, named


def find_proxied(method: str, path: str, door: Door) -> tuple[Proxied, str] | None:
    """Who answers a request for a file, and what follows the route in the path; None where nobody does.

    Raises Denied where the door lets nobody so far.
    """
    below = _PROXY.fullmatch(path)
    found = proxy.find(method, below["path"]) if below else None
    if found is None:
        return None
    proxied, least, rest = found
    door.admit(least)
    return proxied, rest


def _found(method: str, path: str, known: ByRole[Answering]) -> tuple[Answering, Role, dict[str, str]] | None:
    """A path that is named as it is goes before one with braces."""
    for least, answering in known.items():
        if (method, path) in answering:
            return answering[method, path], least, {}
    for least, answering in known.items():
        for (its_method, pattern), each in answering.items():
            named = _named(pattern, path) if its_method == method else None
            if named is not None:
                return each, least, named
    return None


def _named(pattern: str, path: str) -> dict[str, str] | None:
    parts, given = pattern.split("/"), path.split("/")
    if "{" not in pattern or len(parts) != len(given):
        return None
    pairs = list(zip(parts, given, strict=True))
    if any(part != found for part, found in pairs if not part.startswith("{")):
        return None
    return {part[1:-1]: found for part, found in pairs if part.startswith("{")}
