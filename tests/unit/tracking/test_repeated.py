"""A client token: a request that comes again makes nothing a second time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking.clearing import clear, find
from heirloom.core.tracking.repeated import TOKEN
from tests.unit.tracking.server import Server

LATER = 10**14


@pytest.fixture
def experiment(server: Server) -> str:
    return str(server.post("experiments/create", name="coats")["experiment_id"])


def run(server: Server, experiment: str, token: str, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = server.post("runs/create", experiment_id=experiment, **{TOKEN: token}, **given)["run"]
    return made


def model(server: Server, experiment: str, token: str) -> str:
    made = server.post("logged-models", experiment_id=experiment, name="dryer", **{TOKEN: token})
    return str(made["model"]["info"]["model_id"])


def version(server: Server, name: str, token: str) -> str:
    made = server.post("model-versions/create", name=name, source="s3://b/x", **{TOKEN: token})
    return str(made["model_version"]["version"])


def runs(server: Server, experiment: str) -> list[Any]:
    found = server.post("runs/search", experiment_ids=[experiment], run_view_type="ALL")
    return list(found.get("runs", []))


def gone(server: Server) -> None:
    """Clear away all that is deleted."""
    for each in find(LATER, server.documents):
        clear(each, server.documents, server.artifacts)


def test_a_run_is_made_once_and_told_as_it_is_now(server: Server, experiment: str) -> None:
    first = run(server, experiment, "a", run_name="one")
    server.post("runs/log-parameter", run_id=first["info"]["run_id"], key="rate", value="0.1")

    again = run(server, experiment, "a", run_name="another")

    assert again["info"]["run_id"] == first["info"]["run_id"]
    assert again["info"]["run_name"] == "one"
    assert again["data"]["params"] == [{"key": "rate", "value": "0.1"}]
    assert len(runs(server, experiment)) == 1


def test_many_at_once_make_one(server: Server, experiment: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: run(server, experiment, "a")["info"]["run_id"], range(40)))

    assert len(set(made)) == len(runs(server, experiment)) == 1


def test_other_tokens_and_none_and_other_experiments_make_others(server: Server, experiment: str) -> None:
    other = str(server.post("experiments/create", name="varnishes")["experiment_id"])
    made = [run(server, where, token) for where, token in ((experiment, "a"), (experiment, "b"), (other, "a"))]
    made += [run(server, experiment, ""), run(server, experiment, "")]

    assert len({each["info"]["run_id"] for each in made}) == 5


def test_one_that_is_deleted_is_told_and_one_that_is_cleared_away_is_made_anew(server: Server, experiment: str) -> None:
    first = run(server, experiment, "a")["info"]["run_id"]
    server.post("runs/delete", run_id=first)
    deleted = run(server, experiment, "a")["info"]
    gone(server)

    anew, again = run(server, experiment, "a")["info"], run(server, experiment, "a")["info"]

    assert (deleted["run_id"], deleted["lifecycle_stage"]) == (first, "deleted")
    assert (anew["lifecycle_stage"], again["run_id"]) == ("active", anew["run_id"])
    assert anew["run_id"] != first
    assert [each["info"]["run_id"] for each in runs(server, experiment)] == [anew["run_id"]]


def test_a_logged_model_is_made_once_beside_a_run_of_the_same_token(server: Server, experiment: str) -> None:
    first = model(server, experiment, "a")
    run(server, experiment, "a")

    assert model(server, experiment, "a") == first
    assert model(server, experiment, "b") != first


def test_a_version_has_one_number(server: Server) -> None:
    server.post("registered-models/create", name="dryer")

    assert [version(server, "dryer", token) for token in ("a", "b", "a", "")] == ["1", "2", "1", "3"]
    assert "client_token" not in json.dumps(server.get("model-versions/get", name="dryer", version="1"))


def test_a_version_that_is_deleted_is_made_anew_with_another_number(server: Server) -> None:
    server.post("registered-models/create", name="dryer")
    version(server, "dryer", "a")
    server.ask("DELETE", "model-versions/delete", body=json.dumps({"name": "dryer", "version": "1"}))

    assert version(server, "dryer", "a") == "2"


def test_what_tokens_have_made_goes_with_its_experiment(server: Server, experiment: str) -> None:
    run(server, experiment, "a")
    server.post("experiments/delete", experiment_id=experiment)

    gone(server)

    assert list(server.documents.of(f"tokens#{experiment}")) == []


def test_a_token_that_is_no_text_is_refused(server: Server, experiment: str) -> None:
    with pytest.raises(Invalid, match=TOKEN):
        server.post("runs/create", experiment_id=experiment, **{TOKEN: 7})
