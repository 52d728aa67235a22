"""Labels in any order, twice, at once, broken off and told again in parts: the same truth, each counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heirloom.adapters.memory import MemoryPredictions
from heirloom.core.errors import Unavailable
from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.prediction.labels import take_labels
from heirloom.core.prediction.records import CORRECTION, LABEL, OUTCOMES, PREDICTION, Record, rank
from heirloom.core.prediction.truth import correct, fitted, truth
from tests.unit.prediction.routes import NOW
from tests.unit.prediction.test_recording import Stored
from tests.unit.prediction.watched import AT, project

Given = dict[str, Any]
ANSWERS: dict[str, Any] = {"a": {"label": True}, "b": {"label": 3}, "c": {"label": "red"}, "d": {"value": 2.5}, "e": {}}
LABELS: dict[str, list[Any]] = {
    "a": [True, "false", 1, "TRUE"],
    "b": [3, "4", 3.0, True],
    "c": ["red", "white", 7, " red"],
    "d": [2, "2.50", 9, 2.5],
    "e": [True, "x", 1, 0.5],
}
PROJECT = project(tolerance=0.5, slices=("grape",))


class Faulty(MemoryPredictions):
    """Before each write the next fault of the ``plan`` comes: the writer dies, or somebody else comes between."""

    def __init__(self, plan: Sequence[str], world: World) -> None:
        super().__init__()
        self._plan = iter(plan)
        self._world = world

    def add(self, record: Record) -> bool:
        self._fault()
        return super().add(record)

    def _supersede(self, correction: Record) -> bool:
        self._fault()
        return super()._supersede(correction)

    def _fault(self) -> None:
        fault = next(self._plan, "")
        if fault == "dies":
            raise Unavailable("throttled")
        if fault == "another":
            self._world.deliver_next()


class World:
    """Requests that are still to come, and what is stored."""

    def __init__(self, requests: Sequence[Sequence[Given]], plan: Sequence[str]) -> None:
        self._pending = list(requests)
        self.stored = Stored()
        self.predictions = Faulty(plan, self)
        told = {"release": "wine-1", "arm": "canary", "fallback": False, "input": {"grape": "x"}}
        made = [
            Record(name, PREDICTION, "wine", 3 + (name == "b"), AT, {**told, **({"answer": answer} if answer else {})})
            for name, answer in ANSWERS.items()
        ]
        self.predictions.put(made)

    def deliver_next(self) -> None:
        if self._pending:
            self._deliver(self._pending.pop())

    def deliver_all(self) -> None:
        while self._pending:
            self.deliver_next()

    def _deliver(self, labels: Sequence[Given]) -> None:
        """Who gets an error tells it again, in parts and from the end."""
        document = {"labels": list(labels)}
        try:
            take_labels("wine", document, PROJECT, self.predictions, self.stored.trials, self.stored.answers, NOW)
        except Unavailable:
            for label in reversed(labels):
                self._deliver([label])

    def stands(self) -> dict[str, str]:
        """The rank of what stands, by prediction."""
        records = self.predictions.records
        return {name: truth(first, records.get((name, CORRECTION))).rank for name, first in self._labels().items()}

    def _labels(self) -> dict[str, Record]:
        return {name: record for (name, part), record in self.predictions.records.items() if part == LABEL}

    def outcomes(self) -> list[tuple[int, Outcome]]:
        """What the monitor is told, each with its version."""
        told = [Outcomes.from_record(each) for (_, part), each in self.predictions.records.items() if part == OUTCOMES]
        return [(each.version, outcome) for each in told for outcome in each.outcomes]


def moments(least: int) -> st.SearchStrategy[str]:
    return st.integers(least, 22).map(lambda day: f"2026-11-{day:02}T12:00:00Z")


@st.composite
def labels(draw: st.DrawFn) -> Given:
    name = draw(st.sampled_from(sorted(ANSWERS)))
    return {"id": name, "label": draw(st.sampled_from(LABELS[name])), "at": draw(moments(18))}


REQUESTS = st.lists(st.lists(labels(), min_size=1, max_size=6), min_size=1, max_size=5)
PLANS = st.lists(st.sampled_from(["", "", "", "dies", "another"]), max_size=40)


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Given]]:
    """Some requests, each once or twice, in any order."""
    requests = draw(REQUESTS)
    again = draw(st.lists(st.sampled_from(requests), max_size=3))
    return draw(st.permutations([*requests, *again]))


def highest(requests: Sequence[Sequence[Given]]) -> dict[str, str]:
    """By definition: of all that was ever said of a prediction, what became known last."""
    found: dict[str, str] = {}
    for each in (label for request in requests for label in request):
        fit: Any = fitted(each["label"], ANSWERS[each["id"]])
        at = each["at"].replace("Z", ".000Z")
        found[each["id"]] = max(found.get(each["id"], ""), rank(fit, at))
    return found


@given(requests=deliveries(), plan=PLANS)
def test_the_truth_is_what_became_known_last_in_whatever_order_it_came(requests: Any, plan: Any) -> None:
    world = World(requests, plan)

    world.deliver_all()

    assert world.stands() == highest(requests)


@given(requests=deliveries(), plan=PLANS)
def test_each_prediction_is_told_and_counted_once(requests: Any, plan: Any) -> None:
    world = World(requests, plan)

    world.deliver_all()

    labelled = {label["id"] for request in requests for label in request} - {"e"}
    firsts = Counter((version, each.id) for version, each in world.outcomes() if each.corrected is None)
    assert firsts == Counter((3 + (name == "b"), name) for name in labelled)
    assert world.stored.tally.canary.labelled == len(labelled)


@given(requests=deliveries(), plan=PLANS)
def test_the_monitor_can_tell_what_stands(requests: Any, plan: Any) -> None:
    """Of the outcomes of a prediction the one that was corrected last; where moments differ, as they do here."""
    unique = [
        [{**label, "at": f"2026-11-2{number}T12:{place:02}:00Z"} for place, label in enumerate(request)]
        for number, request in enumerate(requests, start=0)
        if number < 3
    ]
    world = World([*unique, *reversed(unique)], plan)

    world.deliver_all()

    told: dict[str, tuple[str, bool]] = {}
    for _, each in world.outcomes():
        told[each.id] = max(told.get(each.id, ("", False)), (each.corrected or "", each.correct))
    assert {name: right for name, (_, right) in told.items()} == {
        name: right for name, stands in highest(unique).items() if (right := is_right(name, stands)) is not None
    }


def is_right(name: str, stands: str) -> bool | None:
    """Whether the answer was what stands, a rank."""
    by_rank = {rank(fitted(label, ANSWERS[name]), stands.partition(" ")[0]): label for label in LABELS[name]}
    return correct(ANSWERS[name], by_rank[stands], 0.5)
