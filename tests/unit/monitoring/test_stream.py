"""From the stream of the table to the monitor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from heirloom.adapters.dynamodb.predictions import _item, record_of
from heirloom.adapters.memory import MemoryWatches
from heirloom.core.monitoring.observation import Outcomes, Requests
from heirloom.core.monitoring.stream import observations_of
from heirloom.handlers import watch_predictions
from tests.unit.monitoring.test_monitor import NOW, World, outcomes, requests


def event(*observations: Outcomes | Requests) -> dict[str, Any]:
    images = [_item(each.to_record()) for each in observations]
    return {"Records": [{"eventID": str(place), "dynamodb": {"NewImage": it}} for place, it in enumerate(images)]}


def test_what_is_read_is_what_was_observed() -> None:
    given = (outcomes("a", 3, 1), requests("b", "010", rows=7), outcomes("c", 1, drill=True))

    found, unreadable = observations_of(event(*given), record_of)

    assert found == list(given)
    assert unreadable == {}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: image.pop("data"),
        lambda image: image.update(part={"S": "label"}),
        lambda image: image.update(data={"S": "{"}),
        lambda image: image.update(data={"S": json.dumps({"outcomes": [{"id": "x"}], "drill": False})}),
        lambda image: image.update(data={"S": json.dumps({"outcomes": None, "drill": False})}),
    ],
)
def test_what_can_t_be_read_keeps_no_other_from_being_counted(spoil: Any) -> None:
    told = event(outcomes("a", 3), outcomes("b", 2))
    spoil(told["Records"][0]["dynamodb"]["NewImage"])
    world, logged = World(MemoryWatches()), []

    answer = watch_predictions.handle(told, record_of, world.watches, world, world, logged.append, lambda: NOW)

    assert answer == {"observations": 1, "unreadable": 1}
    assert world.labels()["labelled"] == 2
    (count,) = [line for line in map(json.loads, logged) if "Unreadable" in line]
    assert (count["reader"], count["Unreadable"], list(count["lines"])) == ("watch_predictions", 1, ["0"])
