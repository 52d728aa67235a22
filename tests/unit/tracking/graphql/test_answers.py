"""What the pages of MLflow's UI ask in GraphQL, and what they are told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.tracking.graphql.schema import ROOT, TYPES
from tests.unit.tracking.server import Server

Ask = Callable[..., dict[str, Any]]
RUN = """
  query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
    mlflowGetRun(input: $data) {
      apiError { helpUrl code message }
      run {
        __typename
        info { runName status runUuid endTime startTime }
        experiment { name creationTime tags { key value } }
        modelVersions { name version status aliases }
        data { metrics { key value step timestamp } params { key value } }
        inputs { datasetInputs { dataset { name profile } tags { key value } } modelInputs { modelId } }
        outputs { modelOutputs { modelId step } }
      }
    }
  }
"""


def test_a_run_comes_with_its_experiment_and_what_came_of_it(
    server: Server, ask: Ask, experiment: str, run: str
) -> None:
    for key, value in (("loss", 0.5), ("odd", math.nan)):
        server.post("runs/log-metric", run_id=run, key=key, value=str(value), timestamp=7, step=3)
    server.post("runs/log-parameter", run_id=run, key="rate", value="0.1")
    dataset = {"name": "winds", "digest": "d", "source_type": "local", "source": "x"}
    server.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}])
    server.post("registered-models/create", name="flyer")
    server.post("model-versions/create", name="flyer", source="s3://elsewhere/x", run_id=run)
    server.post("registered-models/alias", name="flyer", alias="best", version="1")

    answer = ask(RUN, "GetRun", data={"runId": run})

    assert answer["errors"] is None
    found = answer["data"]["mlflowGetRun"]["run"]
    assert answer["data"]["mlflowGetRun"]["apiError"] is None
    assert found["__typename"] == "MlflowRunExtension"
    assert {**found["info"], "runName": ""} == {
        "runName": "",
        "status": "RUNNING",
        "runUuid": run,
        "endTime": "0",
        "startTime": "1000",
    }
    assert found["experiment"]["name"] == "kites"
    assert found["experiment"]["creationTime"].isdecimal()
    assert found["modelVersions"] == [{"name": "flyer", "version": "1", "status": "READY", "aliases": ["best"]}]
    assert found["data"] == {
        "metrics": [
            {"key": "loss", "value": 0.5, "step": "3", "timestamp": "7"},
            {"key": "odd", "value": None, "step": "3", "timestamp": "7"},
        ],
        "params": [{"key": "rate", "value": "0.1"}],
    }
    assert found["inputs"] == {
        "datasetInputs": [{"dataset": {"name": "winds", "profile": ""}, "tags": []}],
        "modelInputs": [],
    }
    assert found["outputs"] == {"modelOutputs": []}


def test_runs_are_searched_and_their_experiment_is_read_once(server: Server, ask: Ask, experiment: str) -> None:
    runs = [server.begin(experiment) for _ in range(3)]

    answer = ask(
        "query SearchRuns($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data)"
        " { nextPageToken runs { info { runId } experiment { name } modelVersions { name } } } }",
        data={"experimentIds": [experiment], "maxResults": 2, "runViewType": "ALL"},
    )

    found = answer["data"]["mlflowSearchRuns"]
    assert {each["info"]["runId"] for each in found["runs"]} < set(runs)
    assert [(each["experiment"]["name"], each["modelVersions"]) for each in found["runs"]] == [("kites", [])] * 2
    assert found["nextPageToken"]


def test_files_and_curves_and_datasets_are_told_too(server: Server, ask: Ask, experiment: str, run: str) -> None:
    server.artifacts.write(f"{experiment}/{run}/artifacts/plots/line.png", b"png", "image/png")
    server.post("runs/log-metric", run_id=run, key="loss", value=0.5, timestamp=7, step=3)

    answer = ask(
        "query Some($run: String!, $deep: Boolean = false) {"
        " files: mlflowListArtifacts(input: {runId: $run, path: $missing, }) { files { path isDir fileSize } }"
        ' curve: mlflowGetMetricHistoryBulkInterval(input: {runIds: [$run], metricKey: "loss"})'
        " { metrics { runId value } }"
        f' sets: mlflowSearchDatasets(input: {{experimentIds: ["{experiment}"]}}) {{ datasetSummaries {{ name }} }}'
        " mlflowSearchModelVersions { modelVersions { name } }"
        ' test(inputString: "abc\\n") { output } __typename }',
        run=run,
    )

    assert answer == {
        "data": {
            "files": {"files": [{"path": "plots", "isDir": True, "fileSize": "0"}]},
            "curve": {"metrics": [{"runId": run, "value": 0.5}]},
            "sets": {"datasetSummaries": []},
            "mlflowSearchModelVersions": {"modelVersions": []},
            "test": {"output": "abc\n"},
            "__typename": "Query",
        },
        "errors": None,
    }


def test_what_is_not_there_is_null_beside_what_is(ask: Ask) -> None:
    answer = ask(
        '{ gone: mlflowGetExperiment(input: {experimentId: "9"}) { experiment { name } }'
        ' there: mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } } '
        " odd: mlflowGetExperiment(input: 5) { experiment { name } } }"
    )

    assert answer["data"] == {"gone": None, "there": {"experiment": {"name": "Default"}}, "odd": None}
    assert answer["errors"] == [
        "No Experiment with id=9 exists",
        'Expected an object for the argument "input" of mlflowGetExperiment.',
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ mlflowNothing { x } }", 'Cannot query field "mlflowNothing" on type "Query".'),
        ("{ test { outputs } }", 'Cannot query field "outputs" on type "Test".'),
        ("{ test }", 'Field "test" of type "Test" must have a selection of subfields.'),
        ("{ test { output { x } } }", 'Field "output" must not have a selection since it has no subfields.'),
        ("{ __schema { types { name } } }", 'Cannot query field "__schema" on type "Query".'),
    ],
)
def test_a_field_that_is_not_there_is_named(ask: Ask, query: str, message: str) -> None:
    assert ask(query) == {"data": None, "errors": [message]}


def test_a_request_without_a_query_is_none(server: Server) -> None:
    with pytest.raises(Invalid, match="'query'"):
        server.ask("POST", "", rawPath="/graphql", body="{}")


def test_what_can_not_be_read_now_is_no_error_of_the_query(
    server: Server, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise Unavailable("throttled")

    monkeypatch.setattr(server.documents, "get", fails)

    with pytest.raises(Unavailable):
        ask('{ mlflowGetExperiment(input: {experimentId: "0"}) { experiment { name } } }')


def test_every_type_that_is_named_is_there() -> None:
    plain = {"text", "long", "float", "bool", "nothing"}
    named = {str(getattr(kind, "of", kind)) for fields in TYPES.values() for kind in fields.values()}

    assert {*ROOT.values(), *(named - plain)} == set(TYPES)
