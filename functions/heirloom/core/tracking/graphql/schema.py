"""MLflow's GraphQL types: of each field what it is, as far as its UI may ask.

The names are those that MLflow's server gives as ``__typename``. Whole numbers of 64 bits go as texts, since
JavaScript's have 53; what a REST answer leaves out has protobuf's default, and no field is null but ``apiError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TEXT, LONG, FLOAT, BOOL, NOTHING = "text", "long", "float", "bool", "nothing"


@dataclass(frozen=True)
class Many:
    """A list of a kind."""

    of: str


Kind = str | Many
"""One of the five above, or the name of a type."""


def _texts(names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), TEXT)


def _longs(names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), LONG)


_PAIR = _texts("key value")
_POINT: dict[str, Kind] = {**_texts("key runId"), **_longs("timestamp step"), "value": FLOAT}
_MEASURED: dict[str, Kind] = {**_POINT, **_texts("datasetName datasetDigest modelId")}
_ERROR: dict[str, Kind] = {"apiError": NOTHING}
_PAGE: dict[str, Kind] = {**_ERROR, "nextPageToken": TEXT}

ROOT: Mapping[str, str] = {
    "mlflowGetExperiment": "MlflowGetExperimentResponse",
    "mlflowGetMetricHistoryBulkInterval": "MlflowGetMetricHistoryBulkIntervalResponse",
    "mlflowGetRun": "MlflowGetRunResponse",
    "mlflowListArtifacts": "MlflowListArtifactsResponse",
    "mlflowSearchDatasets": "MlflowSearchDatasetsResponse",
    "mlflowSearchModelVersions": "MlflowSearchModelVersionsResponse",
    "mlflowSearchRuns": "MlflowSearchRunsResponse",
    "test": "Test",
}
"""What can be asked for, by a query or a mutation, and its type."""
TYPES: Mapping[str, Mapping[str, Kind]] = {
    "MlflowGetExperimentResponse": {**_ERROR, "experiment": "MlflowExperiment"},
    "MlflowGetMetricHistoryBulkIntervalResponse": {**_ERROR, "metrics": Many("MlflowMetricWithRunId")},
    "MlflowGetRunResponse": {**_ERROR, "run": "MlflowRunExtension"},
    "MlflowListArtifactsResponse": {**_PAGE, "rootUri": TEXT, "files": Many("MlflowFileInfo")},
    "MlflowSearchDatasetsResponse": {**_ERROR, "datasetSummaries": Many("MlflowDatasetSummary")},
    "MlflowSearchModelVersionsResponse": {**_PAGE, "modelVersions": Many("MlflowModelVersion")},
    "MlflowSearchRunsResponse": {**_PAGE, "runs": Many("MlflowRunExtension")},
    "Test": {"output": TEXT},
    "MlflowExperiment": {
        **_texts("experimentId name artifactLocation lifecycleStage effectiveTraceArchivalRetention workspace"),
        **_longs("lastUpdateTime creationTime"),
        "tags": Many("MlflowExperimentTag"),
    },
    "MlflowRunExtension": {
        "info": "MlflowRunInfo",
        "data": "MlflowRunData",
        "inputs": "MlflowRunInputs",
        "outputs": "MlflowRunOutputs",
        "experiment": "MlflowExperiment",
        "modelVersions": Many("MlflowModelVersion"),
    },
    "MlflowRunInfo": {
        **_texts("runId runUuid runName experimentId userId status artifactUri lifecycleStage"),
        **_longs("startTime endTime"),
    },
    "MlflowRunData": {
        "metrics": Many("MlflowMetricExtension"),
        "params": Many("MlflowParam"),
        "tags": Many("MlflowRunTag"),
    },
    "MlflowRunInputs": {
        "datasetInputs": Many("MlflowDatasetInput"),
        "modelInputs": Many("MlflowModelInput"),
    },
    "MlflowRunOutputs": {"modelOutputs": Many("MlflowModelOutput")},
    "MlflowDatasetInput": {"tags": Many("MlflowInputTag"), "dataset": "MlflowDataset"},
    "MlflowDataset": _texts("name digest sourceType source schema profile"),
    "MlflowDatasetSummary": _texts("experimentId name digest context"),
    "MlflowModelInput": _texts("modelId"),
    "MlflowModelOutput": {**_texts("modelId"), **_longs("step")},
    "MlflowModelVersion": {
        **_texts("name version userId currentStage description source runId status statusMessage runLink modelId"),
        **_longs("creationTimestamp lastUpdatedTimestamp"),
        "aliases": Many(TEXT),
        "tags": Many("MlflowModelVersionTag"),
        "modelParams": Many("MlflowModelParam"),
        "modelMetrics": Many("MlflowModelMetric"),
    },
    "MlflowFileInfo": {"path": TEXT, "isDir": BOOL, "fileSize": LONG},
    "MlflowMetricWithRunId": _POINT,
    "MlflowMetricExtension": _MEASURED,
    "MlflowModelMetric": _MEASURED,
    "MlflowModelParam": _texts("name value"),
    "MlflowParam": _PAIR,
    "MlflowExperimentTag": _PAIR,
    "MlflowRunTag": _PAIR,
    "MlflowInputTag": _PAIR,
    "MlflowModelVersionTag": _PAIR,
}
