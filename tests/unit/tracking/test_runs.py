"""Runs by the protocol: begun, logged to, ended, deleted, searched."""

from __future__ import annotations

import math
import threading
from typing import Any

import pytest

from heirloom.core.errors import Invalid, NotFound
from tests.unit.tracking.server import ROOT, Server

DELETED = "must be in the 'active' state. Current state is deleted"


def found(server: Server, *experiments: str, **asked: Any) -> list[str]:
    """The names of the runs that a search finds, in its order."""
    answer = server.post("runs/search", experiment_ids=list(experiments), **asked)
    return [each["info"]["run_name"] for each in answer.get("runs", [])]


def test_a_run_begins_where_its_experiment_says(server: Server, experiment: str) -> None:
    made = server.post(
        "runs/create",
        experiment_id=experiment,
        user_id="ada",
        start_time=1234,
        run_name="first",
        tags=[{"key": "mlflow.user", "value": "ada"}],
    )["run"]

    identity = made["info"]["run_id"]
    assert made["info"] == {
        "run_id": identity,
        "run_uuid": identity,
        "run_name": "first",
        "experiment_id": experiment,
        "user_id": "ada",
        "status": "RUNNING",
        "start_time": 1234,
        "artifact_uri": f"{ROOT}/{experiment}/{identity}/artifacts",
        "lifecycle_stage": "active",
    }
    assert len(identity) == 32
    assert server.run(identity) == made
    assert server.data(identity, "tags") == {"mlflow.user": "ada", "mlflow.runName": "first"}


def test_a_run_without_a_name_gets_one(server: Server, experiment: str) -> None:
    name = server.run(server.begin(experiment))["info"]["run_name"]

    assert len(name.split("-")) == 3
    assert server.data(server.begin(experiment, tags=[{"key": "mlflow.runName", "value": "me"}]), "tags") == {
        "mlflow.runName": "me"
    }


def test_two_names_are_one_too_many(server: Server, experiment: str) -> None:
    with pytest.raises(Invalid, match="different values"):
        server.begin(experiment, run_name="a", tags=[{"key": "mlflow.runName", "value": "b"}])


def test_no_run_begins_in_what_is_not_there_or_is_deleted(server: Server, experiment: str) -> None:
    server.post("experiments/delete", experiment_id=experiment)

    with pytest.raises(Invalid, match=f"The experiment {experiment} {DELETED}"):
        server.begin(experiment)
    with pytest.raises(NotFound):
        server.begin("17")


@pytest.mark.parametrize("identity", ["f" * 32, "none", ""])
def test_a_run_that_is_not_there_is_not_found(server: Server, identity: str) -> None:
    with pytest.raises((NotFound, Invalid)):
        server.get("runs/get", run_id=identity)
    with pytest.raises((NotFound, Invalid)):
        server.post("runs/log-metric", run_id=identity, key="a", value=1, timestamp=1)
    with pytest.raises((NotFound, Invalid)):
        server.post("runs/set-tag", run_id=identity, key="a", value="1")
    with pytest.raises((NotFound, Invalid)):
        server.post("runs/delete", run_id=identity)


def test_older_clients_say_run_uuid(server: Server, run: str) -> None:
    server.post("runs/set-tag", run_uuid=run, key="a", value="b")

    assert server.get("runs/get", run_uuid=run)["run"]["data"]["tags"][-1] == {"key": "a", "value": "b"}


@pytest.mark.parametrize("status", ["FINISHED", 3])
def test_a_run_ends(server: Server, run: str, status: object) -> None:
    info = server.post("runs/update", run_id=run, status=status, end_time=99, run_name="done")["run_info"]

    assert (info["status"], info["end_time"], info["run_name"]) == ("FINISHED", 99, "done")
    assert server.data(run, "tags")["mlflow.runName"] == "done"


def test_a_status_has_to_be_one(server: Server, run: str) -> None:
    with pytest.raises(Invalid, match="TIRED"):
        server.post("runs/update", run_id=run, status="TIRED")


def test_a_deleted_run_is_read_and_not_written_until_it_is_restored(server: Server, run: str) -> None:
    server.post("runs/delete", run_id=run)
    for path, more in (
        ("log-metric", {"value": 1, "timestamp": 1}),
        ("log-parameter", {"value": "1"}),
        ("set-tag", {"value": "1"}),
    ):
        with pytest.raises(Invalid, match=f"The run {run} {DELETED}"):
            server.post(f"runs/{path}", run_id=run, key="a", **more)
    assert server.run(run)["info"]["lifecycle_stage"] == "deleted"

    server.post("runs/restore", run_id=run)
    server.post("runs/set-tag", run_id=run, key="a", value="1")

    assert server.run(run)["info"]["lifecycle_stage"] == "active"


def test_runs_go_and_come_with_their_experiment(server: Server, experiment: str) -> None:
    run = server.begin(experiment, run_name="kept")
    server.post("experiments/delete", experiment_id=experiment)
    gone = server.run(run)["info"]["lifecycle_stage"]
    with pytest.raises(Invalid, match=DELETED):
        server.post("runs/set-tag", run_id=run, key="a", value="b")
    found_then = [found(server, experiment, run_view_type=view) for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL")]
    server.post("experiments/restore", experiment_id=experiment)

    assert (gone, found_then) == ("deleted", [[], ["kept"], ["kept"]])
    assert found(server, experiment) == ["kept"]


def test_a_metric_is_its_newest_point_and_has_all_in_its_history(server: Server, run: str) -> None:
    for step, value in ((1, 0.5), (3, 0.7), (2, 0.9)):
        server.post("runs/log-metric", run_id=run, key="acc", value=value, timestamp=10 + step, step=step)

    assert server.run(run)["data"]["metrics"] == [{"key": "acc", "value": 0.7, "timestamp": 13, "step": 3}]
    history = server.get("metrics/get-history", run_id=run, metric_key="acc")["metrics"]
    assert [(each["step"], each["value"]) for each in history] == [(1, 0.5), (2, 0.9), (3, 0.7)]


@pytest.mark.parametrize(("value", "read"), [("NaN", math.nan), ("Infinity", math.inf), ("-Infinity", -math.inf)])
def test_numbers_that_json_has_not_come_and_go_as_texts(server: Server, run: str, value: str, read: float) -> None:
    server.post("runs/log-metric", run_id=run, key="loss", value=value, timestamp=1)

    assert server.data(run, "metrics") == {"loss": value}
    assert server.get("metrics/get-history", run_id=run, metric_key="loss")["metrics"][0]["value"] == value
    assert str(float(value)) == str(read)


def test_nan_is_older_than_a_number_of_the_same_moment(server: Server, run: str) -> None:
    for value in (1.0, "NaN"):
        server.post("runs/log-metric", run_id=run, key="loss", value=value, timestamp=1)

    assert server.data(run, "metrics") == {"loss": 1.0}


def test_the_history_comes_in_pages(server: Server, run: str) -> None:
    points = [{"key": "acc", "value": step / 10, "timestamp": step, "step": step} for step in range(5)]
    server.post("runs/log-batch", run_id=run, metrics=points)
    asked = {"run_id": run, "metric_key": "acc", "max_results": 3}

    first = server.get("metrics/get-history", **asked)
    rest = server.get("metrics/get-history", **asked, page_token=first["next_page_token"])

    assert [each["step"] for each in first["metrics"] + rest["metrics"]] == list(range(5))
    assert server.get("metrics/get-history", run_id=run, metric_key="none")["metrics"] == []


def test_histories_of_several_runs_come_together(server: Server, experiment: str) -> None:
    runs = sorted(server.begin(experiment) for _ in range(2))
    for run in runs:
        server.post("runs/log-metric", run_id=run, key="acc", value=1, timestamp=1)

    answer = server.get("metrics/get-history-bulk", run_id=runs, metric_key="acc")

    assert [each["run_id"] for each in answer["metrics"]] == runs


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"metric_key": "a"}, "at least one run_id"),
        ({"run_id": ["a"] * 101, "metric_key": "a"}, "more than 100 run_ids. Received 101"),
        ({"run_id": ["a"]}, "must specify a metric_key"),
    ],
)
def test_a_request_for_several_histories_says_what_it_needs(server: Server, asked: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        server.get("metrics/get-history-bulk", **asked)


def test_a_batch_is_logged_at_once_and_again_without_a_change(server: Server, run: str) -> None:
    given = {
        "metrics": [{"key": key, "value": 1.5, "timestamp": 7, "step": 0} for key in ("a", "b")],
        "params": [{"key": "rate", "value": "0.1"}],
        "tags": [{"key": "mlflow.runName", "value": "batched"}],
    }
    server.post("runs/log-batch", run_id=run, **given)
    before, stored = server.run(run), len(server.documents.stored)
    server.post("runs/log-batch", run_id=run, **given)

    assert server.run(run) == before
    assert len(server.documents.stored) == stored
    assert before["info"]["run_name"] == "batched"
    assert len(server.get("metrics/get-history", run_id=run, metric_key="a")["metrics"]) == 1


def test_a_batch_may_have_no_metrics(server: Server, run: str) -> None:
    server.post("runs/log-batch", run_id=run, params=[{"key": "rate", "value": "0.1"}])

    assert server.data(run, "params") == {"rate": "0.1"}


def test_a_metric_of_a_logged_model_is_the_model_s_too(server: Server, experiment: str, run: str) -> None:
    model = server.post("logged-models", experiment_id=experiment)["model"]["info"]["model_id"]
    points = [{"key": "acc", "value": step / 2, "timestamp": 1, "step": step, "model_id": model} for step in range(2)]

    server.post("runs/log-batch", run_id=run, metrics=[*points, {"key": "other", "value": 1, "timestamp": 1}])

    (metric,) = server.get(f"logged-models/{model}")["model"]["data"]["metrics"]
    assert (metric["key"], metric["value"], metric["run_id"]) == ("acc", 0.5, run)
    assert server.data(run, "metrics") == {"acc": 0.5, "other": 1.0}


def test_a_parameter_has_one_value(server: Server, run: str) -> None:
    for _ in range(2):
        server.post("runs/log-parameter", run_id=run, key="rate", value="0.1")
    words = f"key='rate' was already logged with value='0.1' for run ID='{run}'. Attempted logging new value '0.2'"
    with pytest.raises(Invalid, match=words):
        server.post("runs/log-parameter", run_id=run, key="rate", value="0.2")
    with pytest.raises(Invalid, match="Params were already logged="):
        server.post(
            "runs/log-batch",
            run_id=run,
            params=[{"key": "rate", "value": "0.3"}],
            metrics=[{"key": "a", "value": 1, "timestamp": 1}],
        )

    assert server.data(run, "params") == {"rate": "0.1"}
    assert server.get("metrics/get-history", run_id=run, metric_key="a")["metrics"] == []


def test_long_values_are_cut_as_mlflow_cuts_them(server: Server, run: str) -> None:
    server.post("runs/log-parameter", run_id=run, key="text", value="x" * 7000)
    server.post("runs/set-tag", run_id=run, key="text", value="x" * 9000)

    assert len(server.data(run, "params")["text"]) == 6000
    assert len(server.data(run, "tags")["text"]) == 8000


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("log-metric", {"key": "../a", "value": 1, "timestamp": 1}, "must not resolve"),
        ("log-metric", {"key": "a?", "value": 1, "timestamp": 1}, "may only contain"),
        ("log-metric", {"key": "a" * 251, "value": 1, "timestamp": 1}, "exceeds the maximum length of 250"),
        ("log-metric", {"key": "a", "value": "high", "timestamp": 1}, "Invalid value \"high\" for parameter 'value'"),
        ("log-metric", {"key": "a", "value": [1], "timestamp": 1}, "type 'list'"),
        ("log-metric", {"key": "a", "value": 1, "timestamp": -1}, "nonnegative long"),
        ("log-metric", {"key": "a", "value": 1}, "required parameter 'timestamp'"),
        ("log-metric", {"key": "a", "timestamp": 1}, "required parameter 'value'"),
        ("log-metric", {"value": 1, "timestamp": 1}, "required parameter 'key'"),
        ("log-parameter", {"key": "", "value": "1"}, "required parameter 'key'"),
        ("set-tag", {"key": "/a", "value": "1"}, "must not resolve"),
        ("log-batch", {"metrics": [{"key": "a", "timestamp": 1}]}, "required parameter 'metrics.0..value'"),
        ("log-batch", {"metrics": [{"value": 1, "timestamp": 1}]}, "required parameter 'metrics.0..name'"),
        ("log-batch", {"params": [{"value": "1"}]}, "required parameter 'params.0..key'"),
        ("log-batch", {"tags": [{"value": "1"}]}, "required parameter 'tags.0..key'"),
        ("log-batch", {"params": [{"key": "a", "value": "1"}] * 2}, "Duplicate parameter keys"),
        ("log-batch", {"params": [{"key": f"p{n}"} for n in range(101)]}, "at most 100 params. Got 101"),
        ("log-batch", {"metrics": [{"key": "a"}] * 1001}, "at most 1000 metrics. Got 1001"),
        (
            "log-batch",
            {"metrics": [{"key": "a"}] * 950, "tags": [{"key": "t"}] * 51},
            "at most 1000 metrics, params, and tags",
        ),
        ("log-batch", {"metrics": "all"}, "type 'str'"),
        ("log-batch", {"metrics": ["all"]}, "parameter 'metrics'"),
        ("log-inputs", {"datasets": [{}]}, "must have a dataset"),
        ("log-inputs", {"datasets": [{"dataset": {"name": "n" * 501}}]}, "'name' exceeds"),
        (
            "log-inputs",
            {"datasets": [{"dataset": {"name": "n"}, "tags": [{"key": "k" * 256}]}]},
            "'key' exceeds",
        ),
        ("outputs", {}, "required parameter 'models'"),
    ],
)
def test_what_is_wrong_is_said_in_mlflow_s_words(server: Server, run: str, path: str, body: Any, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        server.post(f"runs/{path}", run_id=run, **body)


def test_tags_are_changed_and_deleted(server: Server, run: str) -> None:
    server.post("runs/set-tag", run_id=run, key="mlflow.runName", value="named")
    server.post("runs/set-tag", run_id=run, key="team", value="wind")
    server.post("runs/delete-tag", run_id=run, key="team")

    assert server.data(run, "tags") == {"mlflow.runName": "named"}
    assert server.run(run)["info"]["run_name"] == "named"
    with pytest.raises(NotFound, match="No tag with name: team"):
        server.post("runs/delete-tag", run_id=run, key="team")


def test_older_clients_tell_of_models_by_a_tag(server: Server, run: str) -> None:
    for name in ("a", "b"):
        server.post("runs/log-model", run_id=run, model_json=f'{{"artifact_path": "{name}"}}')

    tag = server.data(run, "tags")["mlflow.log-model.history"]
    assert tag == '[{"artifact_path": "a"}, {"artifact_path": "b"}]'


def test_inputs_and_outputs_are_told_once(server: Server, run: str) -> None:
    dataset = {"name": "winds", "digest": "abc", "source_type": "local", "source": "x", "schema": "{}"}
    context = {"key": "mlflow.data.context", "value": "train"}
    for _ in range(2):
        server.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": [context]}])
        server.post("runs/log-inputs", run_id=run, models=[{"model_id": "m-1"}])
        server.post("runs/outputs", run_id=run, models=[{"model_id": "m-2", "step": 1}])

    told = server.run(run)
    assert told["inputs"] == {
        "dataset_inputs": [{"dataset": dataset, "tags": [context]}],
        "model_inputs": [{"model_id": "m-1"}],
    }
    assert told["outputs"] == {"model_outputs": [{"model_id": "m-2", "step": 1}]}


def test_a_search_finds_by_what_was_logged(server: Server, experiment: str) -> None:
    for number in range(4):
        run = server.begin(experiment, run_name=f"run-{number}")
        server.post(
            "runs/log-batch",
            run_id=run,
            metrics=[{"key": "acc", "value": number / 4, "timestamp": 1}],
            params=[{"key": "rate", "value": str(number % 2)}],
        )
        dataset = {"name": f"day-{number}", "digest": "d", "source_type": "local", "source": "x"}
        server.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset}])

    assert found(server, experiment, filter="metrics.acc > 0.2 and params.rate = '1'", order_by=["metrics.acc"]) == [
        "run-1",
        "run-3",
    ]
    assert found(server, experiment, filter="datasets.name = 'day-2'") == ["run-2"]
    assert found(server, experiment, "17", order_by=["metrics.acc DESC"])[0] == "run-3"
    assert found(server, "0") == []


def test_a_search_comes_in_pages(server: Server, experiment: str) -> None:
    for number in range(3):
        server.begin(experiment, run_name=f"run-{number}")
    asked = {"experiment_ids": [experiment], "order_by": ["attributes.run_name"], "max_results": 2}

    first = server.post("runs/search", **asked)
    rest = server.post("runs/search", **asked, page_token=first["next_page_token"])

    names = [each["info"]["run_name"] for each in first["runs"] + rest["runs"]]
    assert names == ["run-0", "run-1", "run-2"]


def test_eight_writers_at_once_lose_nothing(server: Server, run: str) -> None:
    def write(writer: int) -> None:
        for step in range(20):
            point = {"key": f"m{writer}", "value": step, "timestamp": step, "step": step}
            param = {"key": f"p{writer}-{step}", "value": "1"}
            server.post("runs/log-batch", run_id=run, metrics=[point], params=[param])

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert server.data(run, "metrics") == {f"m{writer}": 19 for writer in range(8)}
    assert len(server.data(run, "params")) == 160
    history = server.get("metrics/get-history", run_id=run, metric_key="m3")["metrics"]
    assert [each["step"] for each in history] == list(range(20))
