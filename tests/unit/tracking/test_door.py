"""One location is kept, and each door names it so that its callers get there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.door import SIGNED, Door
from heirloom.core.tracking.roles import Role
from tests.unit.tracking.server import ROOT, Server, event_of

DOOR = Door(Role.ADMIN, "ann", ROOT)
TOKEN = {"jwt": {"claims": {"username": "ann", "token_use": "access", "cognito:groups": "[admin]"}, "scopes": None}}


def kept(**values: Any) -> dict[str, Any]:
    return dict(DOOR.asked(Asked(values)).values)


def person(server: Server, path: str, **body: Any) -> Any:
    """The answer to somebody with a token."""
    answer = server.answer(event_of("POST", f"/api/2.0/mlflow/{path}", TOKEN, body=json.dumps(body)))
    return json.loads(answer["body"])


def person_gets(server: Server, path: str, query: str) -> Any:
    return json.loads(server.answer(event_of("GET", f"/api/2.0/mlflow/{path}", TOKEN, rawQueryString=query))["body"])


@pytest.mark.parametrize("name", ["artifact_uri", "artifact_location", "root_uri", "source"])
@pytest.mark.parametrize(
    ("uri", "named"),
    [
        (f"{ROOT}/1/run/artifacts", "mlflow-artifacts:/1/run/artifacts"),
        (f"{ROOT}er/1", f"{ROOT}er/1"),
        (ROOT, ROOT),
        ("s3://other/1", "s3://other/1"),
        ("mlflow-artifacts:/1", "mlflow-artifacts:/1"),
        ("models:/m-1", "models:/m-1"),
        (None, None),
    ],
)
def test_a_location_is_named_as_the_caller_gets_there(name: str, uri: str | None, named: str | None) -> None:
    answer = {"runs": [{"info": {name: uri}}], "pages": ({name: uri},), "next": 1}

    assert DOOR.told(answer) == {"runs": [{"info": {name: named}}], "pages": [{name: named}], "next": 1}
    assert SIGNED.told(answer) == answer


def test_what_people_wrote_stays_as_they_wrote_it() -> None:
    tags = {"tags": [{"key": "artifact_uri", "value": f"{ROOT}/1"}], "name": f"{ROOT}/1"}

    assert DOOR.told(tags) == tags
    assert kept(value="mlflow-artifacts:/1", name="mlflow-artifacts:/1") == {
        "value": "mlflow-artifacts:/1",
        "name": "mlflow-artifacts:/1",
    }


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ("mlflow-artifacts:/1/run", f"{ROOT}/1/run"),
        ("mlflow-artifacts:///1/run", f"{ROOT}/1/run"),
        ("mlflow-artifacts://elsewhere/1", "mlflow-artifacts://elsewhere/1"),
        ("s3://other/mlflow-artifacts:/1", "s3://other/mlflow-artifacts:/1"),
        ("models:/m-1", "models:/m-1"),
        (3, 3),
    ],
)
def test_a_location_that_is_sent_is_kept_as_s3_s(sent: Any, location: Any) -> None:
    assert kept(source=sent) == {"source": location}
    assert DOOR.asked(Asked({"artifact_location": [sent]}, in_query=True)) == Asked(
        {"artifact_location": [location]}, in_query=True
    )
    assert SIGNED.asked(Asked({"source": sent})) == Asked({"source": sent})


def test_a_filter_finds_by_the_name_that_the_caller_knows() -> None:
    asked = kept(filter="source_path = 'mlflow-artifacts:/1/m' AND name LIKE \"mlflow-artifacts:/%\" AND x = 'y'")

    assert asked["filter"] == f"source_path = '{ROOT}/1/m' AND name LIKE \"{ROOT}/%\" AND x = 'y'"


def test_what_was_logged_at_one_door_is_read_at_both(server: Server) -> None:
    experiment = person(server, "experiments/create", name="coats")["experiment_id"]
    run = person(server, "runs/create", experiment_id=experiment, start_time=1)["run"]["info"]
    server.post("registered-models/create", name="kite")
    source = f"{run['artifact_uri']}/model"
    version = person(server, "model-versions/create", name="kite", source=source, run_id=run["run_id"])
    folder = f"{experiment}/{run['run_id']}/artifacts"

    assert run["artifact_uri"] == f"mlflow-artifacts:/{folder}"
    assert version["model_version"]["source"] == source
    assert server.run(run["run_id"])["info"]["artifact_uri"] == f"{ROOT}/{folder}"
    assert server.get("experiments/get", experiment_id=experiment)["experiment"]["artifact_location"] == (
        f"{ROOT}/{experiment}"
    )
    assert server.get("model-versions/get-download-uri", name="kite", version=1) == {
        "artifact_uri": f"{ROOT}/{folder}/model"
    }
    assert person_gets(server, "model-versions/get-download-uri", "name=kite&version=1") == {"artifact_uri": source}
    assert person_gets(server, "artifacts/list", f"run_id={run['run_id']}")["root_uri"] == run["artifact_uri"]
    found = person_gets(server, "model-versions/search", f"filter=source_path%3D'{source}'&max_results=10")
    assert [each["source"] for each in found["model_versions"]] == [source]
