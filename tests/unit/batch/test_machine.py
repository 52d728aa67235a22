"""The batch machine, checked as far as it can be without running it: Amazon States Language."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from heirloom.core import errors
from heirloom.core.batch.plan import Part
from tests.unit.batch.world import BatchWorld, coats
from tests.unit.test_state_machine import OF_LAMBDA

TEXT = (Path(__file__).parents[3] / "infra" / "workflows" / "batch.asl.json").read_text(encoding="utf-8")
STATES: dict[str, dict[str, Any]] = json.loads(TEXT)["States"]
MAP = STATES["PredictParts"]
TASKS = {**STATES, **MAP["ItemProcessor"]["States"]}
del TASKS["PredictParts"]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_has_a_limit_and_retries_what_may_pass(name: str) -> None:
    (retry,) = TASKS[name]["Retry"]

    assert TASKS[name]["TimeoutSeconds"] > 0
    assert set(retry["ErrorEquals"]) > OF_LAMBDA
    ours = {getattr(errors, error) for error in set(retry["ErrorEquals"]) - OF_LAMBDA}
    assert errors.Unavailable in ours
    assert ours <= {errors.Unavailable, errors.ModelFailed, errors.Conflict}


def test_leaves_nothing_to_substitute_but_the_functions() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == {"SplitBatch", "PredictPart", "JoinBatch"}


def test_takes_from_split_batch_what_it_answers(batch: BatchWorld) -> None:
    batch.upload(coats(1))

    assert {f"{name}.$" for name in batch.split()} == set(STATES["SplitBatch"]["ResultSelector"])


def test_the_map_reads_the_manifest_that_split_batch_wrote(batch: BatchWorld) -> None:
    batch.upload(coats(1))
    plan = batch.split()

    (item,) = batch.items(plan)

    assert set(item) == {name.removesuffix(".$") for name in MAP["ItemSelector"]}
    assert set(item["part"]) == {field.name for field in fields(Part)}
    assert {key.lower().removesuffix(".$") for key in MAP["ItemReader"]["Parameters"]} == set(plan["manifest"])
    assert MAP["MaxConcurrencyPath"] == "$.plan.concurrency"


def test_the_parts_pass_nothing_on() -> None:
    """The answers of all parts together may be more than the 256 KiB of a state."""
    assert TASKS["PredictPart"]["OutputPath"] is None
    assert MAP["ResultPath"] is None
