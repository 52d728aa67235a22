"""Which endpoint of REST answers a field that GraphQL asks for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from heirloom.core.tracking import datasets, experiments, intervals, runs
from heirloom.core.tracking.artifacts.endpoints import list_run
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.graphql.answer import answer
from heirloom.core.tracking.registry import searches
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Endpoint


def endpoints(artifacts: Artifacts) -> ByRole[Endpoint]:
    """By the least role, then by method and path; it is below /, not below mlflow/."""
    asked: Mapping[str, Endpoint] = {
        "mlflowGetExperiment": experiments.get,
        "mlflowGetMetricHistoryBulkInterval": intervals.get,
        "mlflowGetRun": runs.get,
        "mlflowListArtifacts": partial(list_run, artifacts=artifacts),
        "mlflowSearchDatasets": datasets.search,
        "mlflowSearchModelVersions": searches.versions_found,
        "mlflowSearchRuns": runs.search,
    }
    return {Role.VIEWER: {("POST", "graphql"): partial(answer, endpoints=asked)}}
