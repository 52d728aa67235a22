"""Training again on the newest dataset."""

from __future__ import annotations

import re

from heirloom.core.run.retrain import retrain
from tests.unit.world import World

AT = "2026-11-23T16:00:00.000Z"
CAUSE = "flight-delay/accuracy/v2/2026-11-23T15:55:00.000Z"


def again(world: World, cause: str = CAUSE) -> str | None:
    return retrain("flight-delay", cause, world.journal, world.executions, AT)


def test_the_newest_upload_that_became_a_dataset_is_trained_on(deployed: World) -> None:
    deployed.carry(deployed.upload("v1"))
    good = deployed.upload("v2")
    deployed.carry(good, 2)
    deployed.upload("v3", b"not,even\n")

    run = again(deployed)

    assert run is not None
    assert re.fullmatch(r"flight-delay-[0-9a-f]{12}", run)
    (state,) = [state for (_, name), state in deployed.executions.started.items() if name == run]
    assert state == {"run": {**good["run"], "id": run, "at": AT}, "project": good["project"]}
    assert deployed.lineage.history(run)[0].stage == "upload"


def test_the_run_goes_through_the_pipeline_as_any_other(deployed: World) -> None:
    deployed.carry(deployed.upload())
    run = again(deployed)
    (state,) = [dict(state) for (_, name), state in deployed.executions.started.items() if name == run]

    deployed.carry(state)

    route = deployed.routes.get("flight-delay")
    assert route is not None
    assert route.champion == 2


def test_one_cause_starts_one_run(deployed: World) -> None:
    deployed.carry(deployed.upload())

    runs = {again(deployed), again(deployed), again(deployed, "another breach")}

    assert len(runs) == 2
    assert len(deployed.executions.started) == 3


def test_there_is_nothing_to_train_on_before_the_first_dataset(deployed: World) -> None:
    deployed.upload()

    assert again(deployed) is None


def test_a_model_that_was_removed_is_not_trained(deployed: World) -> None:
    deployed.carry(deployed.upload())
    deployed.lineage.withdraw_project("flight-delay")

    assert again(deployed) is None
