"""Searches for logged models by the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking.documents import Document
from tests.unit.tracking.models.desk import Desk

ONE = "logged-models/{model_id}"


def search(desk: Desk, *experiments: str, **asked: Any) -> dict[str, Any]:
    return dict(desk.ask("POST", "logged-models/search", experiment_ids=list(experiments), **asked))


def names(found: dict[str, Any]) -> list[str]:
    return [model["info"]["name"] for model in found.get("models", [])]


def point(key: str, value: float, timestamp: int = 0, dataset: str = "", digest: str = "1") -> dict[str, Any]:
    on = {"dataset_name": dataset, "dataset_digest": digest} if dataset else {}
    return {"key": key, "value": value, "timestamp": timestamp, "step": 0, **on}


@pytest.fixture
def models(desk: Desk, experiment: str) -> dict[str, str]:
    """Two in the experiment, the first one earlier; their ids by name."""
    return {
        "first": desk.create(experiment, name="first", params=[{"key": "wind", "value": "weak"}]),
        "second": desk.create(experiment, name="second", model_type="LLM", tags=[{"key": "big one", "value": "yes"}]),
    }


def test_shows_the_last_one_first(desk: Desk, experiment: str, models: dict[str, str]) -> None:
    other = desk.experiment("boats")
    desk.create(other, name="third")

    assert names(search(desk, experiment)) == ["second", "first"]
    assert names(search(desk, experiment, other, experiment)) == ["third", "second", "first"]
    assert search(desk, "404") == {}
    assert search(desk, experiment)["models"][0] == desk.model(models["second"])


def test_wants_to_know_the_experiments(desk: Desk) -> None:
    with pytest.raises(Invalid, match="Missing value for required parameter 'experiment_ids'"):
        search(desk)


def test_leaves_out_those_that_are_deleted_or_of_an_experiment_that_only_looks_alike(
    desk: Desk, experiment: str, models: dict[str, str]
) -> None:
    desk.ask("DELETE", ONE, model_id=models["first"])
    key, document = next((key, each) for key, each in desk.documents.stored.items() if key[1] == models["second"])
    alike = {**document.data, "info": {**document.data["info"], "experiment_id": "of another"}}
    desk.documents.put(Document(key[0], "m-alike", alike))

    assert names(search(desk, experiment)) == ["second"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name = 'first'", ["first"]),
        ("attributes.name LIKE 'fir%'", ["first"]),
        ("name NOT IN ('first', 'other')", ["second"]),
        ("creation_timestamp > 0", ["second", "first"]),
        ("creation_time = 0", []),
        ("last_updated_timestamp = 0", []),
        ("model_type = 'LLM'", ["second"]),
        ("source_run_id = ''", ["second", "first"]),
        ("params.wind = 'weak'", ["first"]),
        ("tags.`big one` = 'yes' AND name = 'second'", ["second"]),
        ("metrics.loss < 0.5", ["first"]),
        ("metrics.loss > 0.05 AND metrics.auc = 1", ["first"]),
    ],
)
def test_finds_what_a_filter_asks_for(
    desk: Desk, experiment: str, models: dict[str, str], text: str, found: list[str]
) -> None:
    desk.log(models["first"], point("loss", 0.1), point("auc", 1))
    desk.log(models["second"], point("loss", 0.9))

    assert names(search(desk, experiment, filter=text)) == found


def test_finds_by_status_as_the_client_calls_it(desk: Desk, experiment: str, models: dict[str, str]) -> None:
    desk.ask("PATCH", ONE, model_id=models["first"], status="LOGGED_MODEL_READY")
    desk.ask("PATCH", ONE, model_id=models["second"], status="LOGGED_MODEL_UPLOAD_FAILED")

    assert names(search(desk, experiment, filter="status = 'READY'")) == ["first"]
    assert names(search(desk, experiment, filter="status = 'FAILED'")) == ["second"]


def test_refuses_a_filter_that_says_nothing(desk: Desk, experiment: str) -> None:
    with pytest.raises(Invalid, match="Invalid filter string"):
        search(desk, experiment, filter="Foo")


def test_looks_at_metrics_on_the_datasets_that_are_asked_for(
    desk: Desk, experiment: str, models: dict[str, str]
) -> None:
    desk.log(models["first"], point("loss", 0.1, dataset="sky", digest="1"))
    desk.log(models["second"], point("loss", 0.2, dataset="sky", digest="2"))
    desk.create(experiment, name="third")
    sky = [{"dataset_name": "sky"}]
    first = [{"dataset_name": "sky", "dataset_digest": "1"}]

    assert names(search(desk, experiment, datasets=sky)) == ["second", "first"]
    assert names(search(desk, experiment, datasets=first, filter="metrics.loss > 0")) == ["first"]
    with pytest.raises(Invalid, match="`dataset_name` in the `datasets` clause must be specified"):
        search(desk, experiment, datasets=[{"dataset_digest": "1"}])


def test_sorts_by_attributes_and_by_metrics(desk: Desk, experiment: str, models: dict[str, str]) -> None:
    desk.log(models["first"], point("acc", 0.9, 1, "sky"), point("acc", 0.8, 2, "sea"))
    desk.log(models["second"], point("acc", 0.8, 3, "sky"), point("acc", 0.9, 4, "sea"), point("own", 1))

    def by(**order: Any) -> list[str]:
        return names(search(desk, experiment, order_by=[order]))

    assert by(field_name="creation_timestamp", ascending=True) == ["first", "second"]
    assert by(field_name="name") == ["first", "second"]
    assert by(field_name="metrics.acc", dataset_name="sky") == ["second", "first"]
    assert by(field_name="metrics.acc", dataset_name="sea", dataset_digest="1") == ["first", "second"]
    assert by(field_name="metrics.acc", ascending=False) == ["second", "first"]
    assert by(field_name="metrics.own") == by(field_name="metrics.own", ascending=False) == ["second", "first"]


def test_goes_on_page_by_page(desk: Desk, experiment: str, models: dict[str, str]) -> None:
    first = search(desk, experiment, max_results=1)
    second = search(desk, experiment, max_results=100, page_token=first["next_page_token"])

    assert (names(first), names(second)) == (["second"], ["first"])
    assert "next_page_token" not in second
    assert names(search(desk, experiment, max_results=0)) == ["second", "first"]
    with pytest.raises(Invalid, match="max_results"):
        search(desk, experiment, max_results=-1)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"experiment_ids": ["77"]}, "Experiment IDs in the page token do not match"),
        ({"filter": "name = 'first'"}, "Filter string in the page token does not match"),
        ({"order_by": [{"field_name": "creation_time"}]}, "Order by in the page token does not match"),
        ({"datasets": [{"dataset_name": "sky"}]}, "Invalid page token"),
        ({"page_token": "none"}, "Invalid page token"),
        ({"page_token": "no.ne.of.ours"}, "in the page token do not match"),
    ],
)
def test_goes_on_with_the_same_search_alone(
    desk: Desk, experiment: str, models: dict[str, str], other: dict[str, Any], reason: str
) -> None:
    token = search(desk, experiment, max_results=1)["next_page_token"]
    asked = {"experiment_ids": [experiment], "page_token": token, **other}

    with pytest.raises(Invalid, match=reason):
        desk.ask("POST", "logged-models/search", **asked)
