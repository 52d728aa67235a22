"""What is kept of observations and breaches comes back as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heirloom.adapters.memory import MemoryPredictions
from heirloom.core.monitoring.breach import ACCURACY, Breach, Severity
from heirloom.core.monitoring.observation import Outcomes, Requests
from heirloom.core.prediction.records import OUTCOMES, REQUESTS
from tests.unit.monitoring.test_monitor import outcomes, requests

BREACH = Breach("wine", 3, ACCURACY, Severity.PAGE, "2026-11-28T15:00:00.000Z", {"value": 0.81, "samples": 9})


@pytest.mark.parametrize("observed", [outcomes("a", 2, 1), outcomes("b", 1, drill=True)])
def test_outcomes_come_back_from_their_record(observed: Outcomes) -> None:
    predictions = MemoryPredictions()
    predictions.add(observed.to_record())

    kept = predictions.get_many([(observed.name, OUTCOMES)])

    assert Outcomes.from_record(kept[observed.name, OUTCOMES]) == observed


def test_requests_come_back_from_their_record() -> None:
    observed, predictions = replace(requests("r", "010"), counts={"rows": 3}), MemoryPredictions()
    predictions.add(observed.to_record())

    kept = predictions.get_many([("r", REQUESTS)])

    assert Requests.from_record(kept["r", REQUESTS]) == observed


@pytest.mark.parametrize("breach", [BREACH, replace(BREACH, severity=Severity.ROLLBACK, ended_at="2026-11-28T16:00Z")])
def test_a_breach_comes_back_from_its_document(breach: Breach) -> None:
    assert Breach.from_document(breach.to_document()) == breach


def test_a_drill_s_breach_has_a_name_of_its_own() -> None:
    assert BREACH.id == "wine/accuracy/v3/2026-11-28T15:00:00.000Z"
    assert replace(BREACH, drill=True).id == "wine/drill-accuracy/v3/2026-11-28T15:00:00.000Z"
    assert replace(BREACH, severity=Severity.ROLLBACK).id == BREACH.id
