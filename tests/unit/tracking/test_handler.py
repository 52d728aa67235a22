"""The function as API Gateway calls it: paths, bodies, errors in MLflow's form, files."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from heirloom.core.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from heirloom.core.tracking.documents import ATTEMPTS, Document, change
from heirloom.handlers import mlflow_wire, track_experiments
from heirloom.handlers.edge import protocol_entrypoint
from tests.unit.tracking.server import Server
from tests.unit.tracking.server import event_of as event
from tests.unit.world import payload


def answer(server: Server, told: dict[str, Any]) -> dict[str, Any]:
    """What the function itself answers."""
    ports = {"tracking": lambda: server.tracking, "artifacts": lambda: server.artifacts}
    return dict(protocol_entrypoint(track_experiments.handle, mlflow_wire.refuse, **ports)(told, None))


def asked(server: Server, method: str, path: str, **more: Any) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    found = answer(server, event(method, path, **more))
    return found["statusCode"], json.loads(found["body"])


def test_it_answers_what_api_gateway_sends(server: Server) -> None:
    found = answer(server, payload("track_experiments.default_experiment"))
    made = answer(server, payload("track_experiments.create_run"))

    assert json.loads(found["body"])["experiment"]["name"] == "Default"
    assert json.loads(made["body"])["run"]["info"]["run_name"] == "first try"


@pytest.mark.parametrize("base", ["/api/2.0/mlflow", "/api/3.0/mlflow", "/ajax-api/2.0/mlflow"])
def test_it_answers_below_all_of_mlflow_s_names(server: Server, base: str) -> None:
    status, found = asked(server, "GET", f"{base}/experiments/get", rawQueryString="experiment_id=0")

    assert (status, found["experiment"]["name"]) == (200, "Default")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/3.0/mlflow/traces/search"),
        ("PUT", "/api/2.0/mlflow/runs/get"),
        ("GET", "/elsewhere"),
        ("GET", "/api/2.0/mlflow/logged-models/m-1/else"),
        ("GET", "/api/2.0/mlflow/logged-models/m-1/artifacts/none"),
        ("POST", "/api/2.0/mlflow-artifacts/none"),
    ],
)
def test_what_is_not_built_is_not_found_so_that_no_client_tries_for_minutes(
    server: Server, method: str, path: str
) -> None:
    status, found = asked(server, method, path)

    assert (status, found["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert f"{method} {path} is not built" in found["message"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Invalid("no"), 400, "INVALID_PARAMETER_VALUE"),
        (NotFound("no"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (Conflict("no"), 400, "RESOURCE_ALREADY_EXISTS"),
        (Denied("no"), 403, "PERMISSION_DENIED"),
        (Unavailable("no"), 503, "TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_errors_have_mlflow_s_form(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(server.documents, "get", fail)

    assert asked(server, "GET", "/api/2.0/mlflow/experiments/get", rawQueryString="experiment_id=1") == (
        status,
        {"error_code": code, "message": "no"},
    )


def test_a_body_comes_plain_in_base64_and_encoded_twice(server: Server) -> None:
    path, body = "/api/2.0/mlflow/experiments/create", json.dumps({"name": "größer"})
    asked(server, "POST", path, body=base64.b64encode(body.encode()).decode(), isBase64Encoded=True)

    status, found = asked(server, "POST", path, body=json.dumps(body))

    assert (status, found["message"]) == (400, "Experiment(name=größer) already exists.")


@pytest.mark.parametrize("body", ["{", "[1]", "3", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(server: Server, body: str) -> None:
    status, found = asked(server, "POST", "/api/2.0/mlflow/runs/create", body=body)

    assert (status, found["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("body", ["", "null"])
def test_no_body_is_one_without_parameters(server: Server, body: str) -> None:
    assert asked(server, "POST", "/api/2.0/mlflow/runs/create", body=body)[0] == 200


def test_files_go_through_the_proxy_and_come_as_they_are(server: Server, run: str) -> None:
    below = server.run(run)["info"]["artifact_uri"].removeprefix(f"{server.artifacts.uri}/")
    path = f"/api/2.0/mlflow-artifacts/artifacts/{below}/notes.txt"
    sent = base64.b64encode(b"\xff{not json").decode()

    put = server.answer(event("PUT", path, body=sent, isBase64Encoded=True))
    got = server.answer(event("GET", path))
    downloaded = server.answer(event("GET", "/get-artifact", rawQueryString=f"run_id={run}&path=notes.txt"))

    assert put["statusCode"] == 200
    assert base64.b64decode(got["body"]) == base64.b64decode(downloaded["body"]) == b"\xff{not json"
    assert got["headers"]["Content-Type"] == "text/plain"
    assert server.get("artifacts/list", run_id=run)["files"][0]["path"] == "notes.txt"


def test_the_file_of_a_registered_version_is_downloaded(server: Server, run: str) -> None:
    uri = server.run(run)["info"]["artifact_uri"]
    server.artifacts.write(f"{uri}/model/MLmodel".removeprefix(f"{server.artifacts.uri}/"), b"flavors:", "text/plain")
    server.post("registered-models/create", name="kite")
    server.post("model-versions/create", name="kite", source=f"{uri}/model", run_id=run)

    path = "/model-versions/get-artifact"
    got = server.answer(event("GET", path, rawQueryString="name=kite&version=1&path=MLmodel"))

    assert base64.b64decode(got["body"]) == b"flavors:"


def test_a_document_that_all_change_at_once_is_given_up_in_the_end(server: Server) -> None:
    key = ("runs#1", "busy")
    tries: list[int] = []

    def late(found: Document | None) -> list[Document]:
        server.documents.put(found or Document(*key, {}))
        tries.append(1)
        return [Document(*key, {})]

    with pytest.raises(Unavailable, match="busy is being changed by too many at once"):
        change(server.documents, key, late)
    assert len(tries) == ATTEMPTS
