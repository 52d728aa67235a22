"""A run of the pipeline is a run of its model's experiment, and its version is in the model registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLedger
from heirloom.core.errors import Conflict, Invalid, NotFound, Unavailable
from heirloom.core.run import entry
from heirloom.core.run.journal import TRACKED, Journal, until_written
from heirloom.core.run.tracked import experiment_of
from heirloom.core.tracking import experiments, history, runs
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.experiments import EXPERIMENT_NAMES
from heirloom.core.tracking.registry import model_versions, registered_models
from heirloom.handlers import end_run
from tests.unit.world import ARTIFACTS, World, evidence, payload, released

MODEL = "flight-delay"


def identity(world: World, state: dict[str, Any]) -> str:
    node = world.lineage.node("run", state["run"]["id"])
    assert node is not None
    return str(node.data[TRACKED])


def told(world: World, state: dict[str, Any]) -> dict[str, Any]:
    """The run as MLflow's client gets it, with parameters, metrics and tags by key."""
    run = runs.get(Asked({"run_id": identity(world, state)}), world.tracking)["run"]
    named = {kind: {each["key"]: each["value"] for each in values} for kind, values in run["data"].items()}
    return {"info": run["info"], "inputs": run["inputs"], "metrics": {}, **named}


def version(world: World, number: int = 1) -> dict[str, Any]:
    asked = Asked({"name": MODEL, "version": str(number)})
    found: dict[str, Any] = dict(model_versions.get(asked, world.tracking)["model_version"])
    return {**found, "tags": {each["key"]: each["value"] for each in found["tags"]}}


def test_it_runs_from_the_upload_on(deployed: World) -> None:
    state = deployed.upload()

    run = told(deployed, state)

    assert (run["info"]["status"], run["info"]["run_name"]) == ("RUNNING", state["run"]["id"])
    assert run["params"] == {"seed": "0", "learning_rate": "0.1", "max_leaf_nodes": "31"}
    assert (run["tags"]["heirloom.where"], run["tags"]["heirloom.run"]) == ("cloud", state["run"]["id"])
    assert run["info"]["artifact_uri"].startswith(f"s3://{ARTIFACTS}/experiments/1/{run['info']['run_id']}")
    assert run["info"]["experiment_id"] == experiment_of(MODEL, deployed.tracking)
    assert run["inputs"] == {}


def test_an_event_that_comes_again_begins_no_other_run(deployed: World) -> None:
    before = told(deployed, deployed.upload())

    assert told(deployed, deployed.upload()) == before


def test_it_has_ended_with_its_scores_when_the_version_is_registered(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 3)

    run = told(deployed, state)

    assert run["info"]["status"] == "FINISHED"
    assert run["info"]["end_time"] > run["info"]["start_time"]
    assert run["metrics"].items() >= {"precision": 0.7, "baseline.precision": 0.5, "test_rows": 5.0}.items()
    assert [each["dataset"]["name"] for each in run["inputs"]["dataset_inputs"]] == ["2013.csv"]
    asked = Asked({"run_id": run["info"]["run_id"], "metric_key": "precision"})
    assert [point["value"] for point in history.get(asked, deployed.tracking)["metrics"]] == [0.7]
    home = run["info"]["artifact_uri"].removeprefix(f"s3://{ARTIFACTS}/")
    files = {key.removeprefix(f"{home}/") for key in deployed.objects.keys(ARTIFACTS) if key.startswith(home)}
    assert files >= {"metrics.json", "profile.json", "project.json", "model.tar.gz"}


def test_the_version_has_the_lineage_s_number_and_points_at_the_run(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 3)

    found, run = version(deployed), told(deployed, state)["info"]

    assert (found["version"], found["run_id"], found["source"]) == ("1", run["run_id"], run["artifact_uri"])
    assert found["tags"] == {
        "heirloom.run": state["run"]["id"],
        "heirloom.dataset": state["dataset"]["id"],
        "heirloom.git_commit": state["project"]["git_commit"],
        "heirloom.metric": "precision",
        "heirloom.score": "0.7",
        "heirloom.objective_met": "true",
    }
    asked = Asked({"name": MODEL})
    (latest,) = registered_models.get(asked, deployed.tracking)["registered_model"]["latest_versions"]
    assert latest["version"] == "1"


def test_a_step_that_is_repeated_registers_and_logs_nothing_twice(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 3)
    before, stored = told(deployed, state), dict(deployed.documents.stored)

    deployed.register(state)

    assert told(deployed, state) == before
    assert deployed.documents.stored == stored


def test_versions_that_end_in_another_order_keep_their_numbers(deployed: World) -> None:
    first, second = (deployed.carry(deployed.upload(name), 2) for name in ("v1", "v2"))
    deployed.registry.submit(entry_submission(deployed, first))
    deployed.register(second)
    deployed.register(first)

    assert {number: version(deployed, number)["run_id"] for number in (1, 2)} == {
        1: identity(deployed, first),
        2: identity(deployed, second),
    }
    (latest,) = registered_models.get(Asked({"name": MODEL}), deployed.tracking)["registered_model"]["latest_versions"]
    assert latest["version"] == "2"


def entry_submission(world: World, state: dict[str, Any]) -> Any:
    """What numbers the run's version before anything else of it is registered."""
    from heirloom.core.run.registry import Submission  # noqa: PLC0415

    return Submission("heirloom-flight-delay", state["run"]["id"], "image", state["training"]["model_uri"], {})


def test_a_model_too_large_for_one_copy_stays_where_training_put_it(
    deployed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "LARGEST", 3)
    state = deployed.carry(deployed.upload(), 3)

    assert version(deployed)["source"] == state["training"]["model_uri"].removesuffix("/model.tar.gz")


def test_a_run_that_was_cleared_away_is_not_logged_to(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 2)
    document = deployed.journal.tracked(state["run"]["id"])
    assert document is not None
    deployed.documents.write(gone=[document])

    deployed.register(state)

    assert deployed.journal.tracked(state["run"]["id"]) is None
    found = version(deployed)
    assert (found["run_id"], found["source"]) == ("", state["training"]["model_uri"].removesuffix("/model.tar.gz"))
    deployed.fail(released(state), "Invalid", "no matter")


def test_a_run_that_is_not_in_the_lineage_is_not_registered(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 2)
    state["dataset"]["id"] = "another"

    with pytest.raises(NotFound, match="dataset another is not in the lineage"):
        deployed.register(state)


def test_a_wrong_file_has_failed_with_its_reason(deployed: World) -> None:
    state = deployed.upload(body=b"carrier,distance\n")

    with pytest.raises(Invalid):
        deployed.validate(state)
    deployed.fail(state, "InvalidData", json.dumps({"errorMessage": "another reason"}))

    run = told(deployed, state)
    assert run["info"]["status"] == "FAILED"
    assert "column" in run["tags"]["heirloom.failure"]


def test_a_training_that_failed_says_why(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 1)

    deployed.fail(state, "States.TaskFailed", json.dumps({"FailureReason": "AlgorithmError: spoiled"}))

    run = told(deployed, state)
    assert (run["info"]["status"], run["tags"]["heirloom.failure"]) == ("FAILED", "AlgorithmError: spoiled")


def test_what_fails_after_it_was_registered_has_failed_all_the_same(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 3)

    deployed.fail(released(state), "Invalid", json.dumps({"errorMessage": "row 3 is answered otherwise"}))

    run = told(deployed, state)
    assert (run["info"]["status"], run["tags"]["heirloom.failure"]) == ("FAILED", "row 3 is answered otherwise")
    assert run["metrics"]["precision"] == 0.7


def test_a_version_that_was_overtaken_says_by_what(deployed: World) -> None:
    older, newer = deployed.upload("v1"), deployed.upload("v2")
    deployed.carry(older, 6)
    deployed.carry(newer)
    deployed.point(older)

    run = told(deployed, older)

    assert (run["info"]["status"], run["tags"]["heirloom.superseded"]) == ("FINISHED", "version 2 already serves")
    assert not {"heirloom.superseded", "heirloom.failure"} & told(deployed, newer)["tags"].keys()


def abandoned(state: dict[str, Any], status: str = "ABORTED") -> dict[str, Any]:
    event = payload("abandon_release.aborted")
    return {**event, "detail": {**event["detail"], "name": state["run"]["id"], "status": status}}


@pytest.mark.parametrize(
    ("stages", "status", "stage", "end", "reason"),
    [
        (0, "ABORTED", "dataset", "KILLED", "somebody aborted the run"),
        (1, "TIMED_OUT", "training", "FAILED", "the run did not end in time"),
        (5, "FAILED", "route", "FAILED", "the run failed, and could not record why"),
    ],
)
def test_a_run_that_ended_without_a_word_is_told_of(
    deployed: World, stages: int, status: str, stage: str, end: str, reason: str
) -> None:
    state = deployed.carry(deployed.upload(), stages)

    answer = end_run.handle(abandoned(state, status), deployed.journal, deployed.clock)
    end_run.handle(abandoned(state, status), deployed.journal, deployed.clock)

    run, events = told(deployed, state), deployed.lineage.history(state["run"]["id"])
    assert answer == {"known": True}
    assert (run["info"]["status"], run["tags"]["heirloom.failure"]) == (end, reason)
    assert (events[-1].stage, events[-1].state, events[-1].detail["reason"]) == (stage, "failed", reason)
    assert [event.state for event in events].count("failed") == 1


def test_a_run_that_has_recorded_its_end_stays_as_it_is(deployed: World) -> None:
    state = deployed.carry(deployed.upload())
    before = told(deployed, state)

    end_run.handle(abandoned(state, "FAILED"), deployed.journal, deployed.clock)

    assert told(deployed, state) == before


def test_an_execution_of_no_run_is_passed_over(world: World) -> None:
    state = {"run": {"id": "by-hand"}}

    assert end_run.handle(abandoned(state), world.journal, world.clock) == {"known": False}


def test_the_release_that_somebody_stopped_kills_its_run(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 3)

    deployed.fail(released(state), "ABORTED", "somebody aborted the release")

    assert told(deployed, state)["info"]["status"] == "KILLED"


def test_what_people_log_to_it_stays(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 2)
    document = deployed.journal.tracked(state["run"]["id"])
    assert document is not None
    tags = {**document.data["tags"], "note": "look at this"}
    deployed.documents.write(document.with_data({**document.data, "tags": tags}))

    deployed.register(state)

    assert told(deployed, state)["tags"]["note"] == "look at this"


def test_somebody_who_makes_the_experiment_meanwhile_is_no_hindrance(world: World) -> None:
    class Racing(type(world.documents)):  # type: ignore[misc]
        """Somebody else makes the experiment after the first look."""

        looks = 0

        def get(self, partition: str, identity: str) -> Document | None:
            found: Document | None = super().get(partition, identity)
            self.looks += partition == EXPERIMENT_NAMES
            if partition == EXPERIMENT_NAMES and self.looks == 1:
                self.looks += 1
                experiments.create(Asked({"name": MODEL}), world.tracking)
            return found

    world.documents = Racing()

    assert experiment_of(MODEL, world.tracking) == "1"


class Contended(MemoryLedger):
    """Somebody else writes first, once."""

    first = True

    def add(self, *given: Any, **named: Any) -> bool:
        if self.first:
            self.first = False
            raise Conflict("somebody was quicker")
        return super().add(*given, **named)


def test_whoever_writes_to_it_meanwhile_is_waited_for(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 2)
    ledger = Contended(deployed.lineage, deployed.documents)
    journal = Journal(deployed.lineage, deployed.tracking, ledger)
    node, run = deployed.lineage.node("run", state["run"]["id"]), deployed.lineage.node("run", state["run"]["id"])
    assert node is not None
    assert run is not None
    asked: list[Sequence[Document]] = []

    event = deployed.lineage.history(run.id)[0]
    added = journal.add(node, run=run, event=event, documents=lambda: asked.append([]) or [])  # type: ignore[func-returns-value]

    assert (added, len(asked)) == (False, 2)


def test_nobody_waits_for_ever() -> None:
    def attempt() -> None:
        raise Conflict("somebody was quicker")

    with pytest.raises(Unavailable, match="too many at once"):
        until_written(attempt)


def test_evidence_that_is_broken_leaves_the_run_unlogged(deployed: World) -> None:
    state = deployed.carry(deployed.upload(), 1)
    deployed.train(state, evidence(metrics=b"{"))

    with pytest.raises(Invalid):
        deployed.register(state)

    assert told(deployed, state)["info"]["status"] == "RUNNING"
