"""MLflow's UI over the deployed stack: each call that its pages were seen to make is answered (docs/ui.md)."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from cli.session import embedded
from cli.ui import pages, serving
from cli.ui_api import TrackingApi
from cli.ui_server import UiServer
from tests.embedded import unique
from tests.local.stack.client import Stack

pytestmark = pytest.mark.xdist_group("stack")
AJAX = "/ajax-api/2.0/mlflow"
LARGE = b"a line of text\n" * 400_000
GET_RUN = (
    'query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking")'
    " { mlflowGetRun(input: $data)"
    " { apiError { code } run { info { runName runUuid } experiment { name } modelVersions { name version }"
    " data { metrics { key value step timestamp } } __typename } } }"
)


@dataclass(frozen=True)
class Browser:
    """Asks what a page asks, and says where it comes from as browsers do."""

    server: UiServer

    def ask(self, method: str, target: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        told = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        origin = {"Origin": self.server.url} if method != "GET" else {}
        connection.request(method, target, None if body is None else json.dumps(body), {**told, **origin})
        response = connection.getresponse()
        read = response.read()
        connection.close()
        return response.status, read

    def get(self, path: str, **query: Any) -> Any:
        status, read = self.ask("GET", f"{path}?{urlencode(query, doseq=True)}" if query else path)
        assert status == 200, (path, status, read)
        return json.loads(read)

    def post(self, path: str, **body: Any) -> Any:
        status, read = self.ask("POST", path, body)
        assert status == 200, (path, status, read)
        return json.loads(read)


@pytest.fixture(scope="module")
def browser(stack: Stack) -> Iterator[Browser]:
    with serving(0, pages(), TrackingApi(embedded(stack.aws), print)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield Browser(server)
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Logged:
    """What there is to look at."""

    name: str
    experiment: str
    runs: tuple[str, str]


@pytest.fixture(scope="module")
def logged(browser: Browser, stack: Stack) -> Logged:
    """An experiment of two runs with curves, files and a registered version; made as the pages make one."""
    name = unique("looked-at")
    experiment = browser.post(f"{AJAX}/experiments/create", name=name)["experiment_id"]
    runs = []
    for number in range(2):
        info = browser.post(f"{AJAX}/runs/create", experiment_id=experiment, run_name=f"r{number}")["run"]["info"]
        metrics = [{"key": "loss", "value": 1 / (n + 1), "timestamp": n, "step": n} for n in range(400)]
        browser.post(f"{AJAX}/runs/log-batch", run_id=info["run_id"], metrics=metrics)
        prefix = info["artifact_uri"].partition("://")[2].partition("/")[2]
        for file, body in (("notes/a.txt", b"hello"), ("large.txt", LARGE)):
            stack.aws.client("s3").put_object(Bucket=stack.outputs["ArtifactBucket"], Key=f"{prefix}/{file}", Body=body)
        runs.append(info)
    browser.post(f"{AJAX}/registered-models/create", name=name)
    first, second = runs
    source = f"{first['artifact_uri']}/notes"  # as the page of a run registers a model
    browser.post(f"{AJAX}/model-versions/create", name=name, source=source, run_id=first["run_id"])
    return Logged(name, experiment, (first["run_id"], second["run_id"]))


def test_the_pages_and_their_scripts_come_from_the_package(browser: Browser) -> None:
    _, page = browser.ask("GET", "/")
    script = page.decode().partition('src="')[2].partition('"')[0]

    status, read = browser.ask("GET", f"/{script}")

    assert (status, script.startswith("static-files/static/js/main."), len(read) > 1_000_000) == (200, True, True)


def test_every_page_begins_without_an_error(browser: Browser) -> None:
    assert browser.get("/ajax-api/3.0/mlflow/server-info")["workspaces_enabled"] is False
    assert browser.get("/ajax-api/3.0/mlflow/assistant/config")["providers"] == {}
    assert browser.get("/ajax-api/3.0/mlflow/assistant/providers")["resolved"] is None
    assert browser.get("/ajax-api/3.0/mlflow/ui-telemetry")["disable_ui_telemetry"] is True
    assert browser.get(f"{AJAX}/gateway-proxy", gateway_path="api/2.0/endpoints/")["endpoints"] == []


def test_experiments_and_the_table_of_runs(browser: Browser, logged: Logged) -> None:
    ids = [logged.experiment]
    listed = browser.get(f"{AJAX}/experiments/search", max_results=25, order_by="last_update_time DESC")
    query = "query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $input)"
    told = browser.post(
        "/graphql",
        operationName="MlflowGetExperimentQuery",
        variables={"input": {"experimentId": logged.experiment}},
        query=f"{query} {{ apiError {{ code }} experiment {{ name tags {{ key }} }} }} }}",
    )
    search = {"experiment_ids": ids, "max_results": 100, "order_by": ["attributes.start_time DESC"]}
    found = browser.post(f"{AJAX}/runs/search", filter="metrics.loss < 0.5", run_view_type="ACTIVE_ONLY", **search)

    assert logged.name in [each["name"] for each in listed["experiments"]]
    assert told["data"]["mlflowGetExperiment"]["experiment"]["name"] == logged.name
    assert {run["info"]["run_id"] for run in found["runs"]} == set(logged.runs)
    assert browser.post(f"{AJAX}/experiments/search-datasets", experiment_ids=ids)["dataset_summaries"] == []
    assert browser.post(f"{AJAX}/logged-models/search", experiment_ids=ids).get("models", []) == []


def test_curves_of_several_runs(browser: Browser, logged: Logged) -> None:
    path = f"{AJAX}/metrics/get-history-bulk-interval"
    points = browser.get(path, run_ids=logged.runs, metric_key="loss", max_results=320)["metrics"]

    for run in logged.runs:
        steps = [point["step"] for point in points if point["run_id"] == run]
        assert (steps[0], steps[-1], len(steps)) == (0, 399, 321)
    assert len(browser.get(f"{AJAX}/metrics/get-history-bulk", run_id=logged.runs, metric_key="loss")["metrics"]) == 800


def test_the_page_of_a_run_and_its_files(browser: Browser, logged: Logged) -> None:
    run = logged.runs[0]
    told = browser.post("/graphql", operationName="GetRun", query=GET_RUN, variables={"data": {"runId": run}})
    files = browser.get(f"{AJAX}/artifacts/list", run_uuid=run)["files"]
    query = quote(f"hello {run}")

    assert told["errors"] is None
    assert told["data"]["mlflowGetRun"]["run"]["modelVersions"] == [{"name": logged.name, "version": "1"}]
    assert [each["path"] for each in files] == ["large.txt", "notes"]
    assert browser.ask("GET", f"/get-artifact?path=notes%2Fa.txt&run_uuid={run}") == (200, b"hello")
    assert browser.ask("GET", f"/get-artifact?path=large.txt&run_uuid={run}") == (200, LARGE)
    assert browser.ask("GET", f"/get-artifact?path={query}&run_uuid={run}")[0] == 404
    assert browser.ask("POST", f"{AJAX}/upload-artifact?run_uuid={run}&path=b.json", {"a": 1}) == (200, b"{}")


def test_models_and_versions(browser: Browser, logged: Logged) -> None:
    name = logged.name
    found = browser.get(f"{AJAX}/registered-models/search", filter=f"name ilike '%{name}%'", max_results=25)
    versions = browser.get(f"{AJAX}/model-versions/search", filter=f"name='{name}'", order_by="creation_timestamp DESC")

    assert [each["name"] for each in found["registered_models"]] == [name]
    assert [each["version"] for each in versions["model_versions"]] == ["1"]
    assert browser.get(f"{AJAX}/registered-models/get", name=name)["registered_model"]["name"] == name
    assert browser.get(f"{AJAX}/model-versions/get", name=name, version=1)["model_version"]["run_id"] == logged.runs[0]
    assert browser.ask("GET", f"/model-versions/get-artifact?name={name}&version=1&path=a.txt") == (200, b"hello")


def test_what_is_not_built_says_so(browser: Browser) -> None:
    for method, path in (("POST", "/ajax-api/3.0/mlflow/traces/search"), ("GET", f"{AJAX}/users/current")):
        status, read = browser.ask(method, path, {} if method == "POST" else None)
        assert (status, json.loads(read)["error_code"]) == (404, "ENDPOINT_NOT_FOUND")


def test_another_site_does_not_reach_the_stack(browser: Browser) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", browser.server.server_port, timeout=60)
    connection.request("POST", f"{AJAX}/experiments/create", "{}", {"Origin": "https://elsewhere.example"})

    assert connection.getresponse().status == 403
    connection.close()
