"""What a run and a logged model have, and the files of theirs that the UI downloads."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.artifacts import folder
from heirloom.core.tracking.artifacts.files import FILES
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.roles import flat
from tests.unit.tracking.models.desk import Desk

LIST, DIRECTORIES = "artifacts/list", "logged-models/{model_id}/artifacts/directories"
FILE = "logged-models/{model_id}/artifacts/files"


def put(desk: Desk, uri: str, *paths: str) -> None:
    """Files below an artifact URI, each with its path in it."""
    for path in paths:
        desk.artifacts.write(f"{uri.removeprefix('mlflow-artifacts:/')}/{path}", path.encode(), "text/plain")


@pytest.fixture
def run(desk: Desk, experiment: str) -> dict[str, Any]:
    return desk.run(experiment)


def test_lists_what_a_run_has(desk: Desk, run: dict[str, Any]) -> None:
    put(desk, run["artifact_uri"], "dir/b.txt", "a.txt", "zeta")

    top = desk.ask("GET", LIST, run_id=run["run_id"])
    deeper = desk.ask("GET", LIST, run_uuid=run["run_id"], path="./dir/")

    assert top == {
        "root_uri": run["artifact_uri"],
        "files": [
            {"path": "a.txt", "is_dir": False, "file_size": 5},
            {"path": "dir", "is_dir": True},
            {"path": "zeta", "is_dir": False, "file_size": 4},
        ],
    }
    assert deeper["files"] == [{"path": "dir/b.txt", "is_dir": False, "file_size": 9}]


def test_lists_nothing_where_nothing_is(desk: Desk, run: dict[str, Any]) -> None:
    assert desk.ask("GET", LIST, run_id=run["run_id"]) == {"root_uri": run["artifact_uri"]}


def test_lists_what_clients_with_credentials_have_put_on_s3_themselves(desk: Desk) -> None:
    run = desk.run(desk.experiment("own", artifact_location=f"{desk.artifacts.uri}/own"))
    desk.artifacts.write(f"own/{run['run_id']}/artifacts/a.txt", b"1", "text/plain")

    assert desk.ask("GET", LIST, run_id=run["run_id"])["files"] == [{"path": "a.txt", "is_dir": False, "file_size": 1}]


def test_a_large_folder_comes_page_by_page(desk: Desk, run: dict[str, Any]) -> None:
    put(desk, run["artifact_uri"], *(f"{n:05}.txt" for n in range(folder.MOST + 1)))

    first = desk.ask("GET", LIST, run_id=run["run_id"])
    second = desk.ask("GET", LIST, run_id=run["run_id"], page_token=first["next_page_token"])

    assert [len(first["files"]), len(second["files"])] == [folder.MOST, 1]
    assert "next_page_token" not in second


@pytest.mark.parametrize("path", ["../path", "/a", "%2e%2e/path"])
def test_refuses_paths_that_lead_elsewhere(desk: Desk, experiment: str, run: dict[str, Any], path: str) -> None:
    model = desk.create(experiment)

    with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
        desk.ask("GET", LIST, run_id=run["run_id"], path=path)
    with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
        desk.ask("GET", DIRECTORIES, model_id=model, artifact_directory_path=path)
    with pytest.raises(Invalid, match=r"\AInvalid path\Z"):
        download(desk, "get-artifact", run_id=run["run_id"], path=path)


def test_wants_a_run_that_there_is(desk: Desk) -> None:
    with pytest.raises(Invalid, match="Missing value for required parameter 'run_id'"):
        desk.ask("GET", LIST)
    with pytest.raises(NotFound):
        desk.ask("GET", LIST, run_id="0" * 32)


def test_lists_what_a_logged_model_has(desk: Desk, experiment: str) -> None:
    model = desk.create(experiment)
    uri = desk.model(model)["info"]["artifact_uri"]
    put(desk, uri, "MLmodel", "data/model.pkl")

    top = desk.ask("GET", DIRECTORIES, model_id=model)
    deeper = desk.ask("GET", DIRECTORIES, model_id=model, artifact_directory_path="data")

    assert top["root_uri"] == uri
    assert [each["path"] for each in top["files"]] == ["MLmodel", "data"]
    assert [each["path"] for each in deeper["files"]] == ["data/model.pkl"]
    with pytest.raises(NotFound, match="Logged model with ID 'm-none' not found"):
        desk.ask("GET", DIRECTORIES, model_id="m-none")


def test_says_that_it_can_take_large_files_in_parts(desk: Desk) -> None:
    told = desk.ask("GET", "server-info")

    assert told["multipart_uploads_enabled"] is told["multipart_downloads_enabled"] is True


def download(desk: Desk, path: str, /, **asked: str) -> Any:
    query = Asked({name: [value] for name, value in asked.items()}, in_query=True)
    return flat(FILES)["GET", path](query, desk.tracking, desk.artifacts)


def test_downloads_a_file_of_a_run(desk: Desk, run: dict[str, Any]) -> None:
    put(desk, run["artifact_uri"], "dir/a.txt")

    reply = download(desk, "get-artifact", run_id=run["run_id"], path="dir/a.txt")

    assert (reply.status, reply.body) == (200, b"dir/a.txt")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    with pytest.raises(NotFound, match="No such artifact"):
        download(desk, "get-artifact", run_id=run["run_id"], path="dir")


def test_downloads_a_file_of_a_logged_model(desk: Desk, experiment: str) -> None:
    model = desk.create(experiment)
    put(desk, desk.model(model)["info"]["artifact_uri"], "MLmodel")

    assert download(desk, FILE, model_id=model, artifact_file_path="MLmodel").body == b"MLmodel"
    with pytest.raises(Invalid, match='Request must include the "artifact_file_path" query parameter'):
        download(desk, FILE, model_id=model)
