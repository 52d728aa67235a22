"""An earlier version on the inputs of a breach: is it well, and would it have done better?

Only endpoints are asked: no caller sees these answers, and none is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Protocol

from heirloom.core.clock import Clock
from heirloom.core.errors import HeirloomError, Invalid, ModelFailed
from heirloom.core.lineage.graph import Lineage
from heirloom.core.monitoring.breach import LATENCY, Breach
from heirloom.core.prediction.answer import Endpoints, answers, ask
from heirloom.core.prediction.capture import Captured
from heirloom.core.prediction.outcomes import answer_of
from heirloom.core.prediction.records import CORRECTION, LABEL, PREDICTION, Predictions
from heirloom.core.prediction.request import body_of, is_probe
from heirloom.core.prediction.truth import correct, truth
from heirloom.core.project.definition import Project
from heirloom.core.release.route import BASELINE
from heirloom.core.rollback.answering import Pause, known
from heirloom.core.rollback.book import BreachBook, labelled
from heirloom.core.rollback.paired import Comparison, compared, hopeless

MOST_LABELLED = 1000
"""Labelled predictions that are compared, the newest."""
MOST_REQUESTS = 100
"""Requests whose times are compared, the newest: at a fifth of slow ones seven would do, which chance gives once in 128
times, but at a tenth it takes these."""
BEFORE = timedelta(minutes=10)
"""How long before the begin of a breach of latency its requests are looked for."""
ROWS_AT_ONCE = 100
SECONDS = 20.0
"""What an endpoint may take: a serverless one may have to start."""
BUDGET = timedelta(seconds=25)
"""What comparing times may take; what is not asked by then counts as slow."""
LOOKS = 10
"""Seconds, and looks, for which requests are waited for while there are too few to tell: a log shows them late."""
MOST_REFUSALS = 40
"""Requests that may be refused while the rows are looked for that the version can't take."""
NO_ROWS = "there are no rows to ask it"

Rows = Sequence[Mapping[str, Any]]


class Recent(Protocol):
    """Knows the newest requests. Raises NotFound, Denied or Unavailable."""

    def lines(self, model: str, version: int, since: datetime, most: int) -> Sequence[Captured]:
        """The captured lines of requests that the version answered since then: the ``most`` newest or more, oldest
        first, the lines of a request together."""


@dataclass(frozen=True)
class Sources:
    """Where inputs, labels and answers come from."""

    lineage: Lineage
    predictions: Predictions
    recent: Recent
    endpoints: Endpoints
    book: BreachBook


class Replay:
    """The Earlier (decision.py) of one breach; what it has found once it does not ask again."""

    def __init__(self, breach: Breach, project: Project, sources: Sources, clock: Clock, pause: Pause) -> None:
        self._breach = breach
        self._project = project
        self._sources = sources
        self._clock = clock
        self._pause = pause
        self._ailments: dict[str, str | None] = {}
        self._comparisons: dict[str, Comparison] = {}

    def ailment(self, version: int, endpoint: str) -> str | None:
        """By its smoke rows; the endpoint so is awake when times are compared."""
        if endpoint not in self._ailments:
            self._ailments[endpoint] = self._ailment(version, endpoint)
        return self._ailments[endpoint]

    def comparison(self, version: int, endpoint: str) -> Comparison:
        if endpoint not in self._comparisons:
            compare = self._times if self._breach.slo == LATENCY else self._answers
            self._comparisons[endpoint] = compare(version, endpoint)
        return self._comparisons[endpoint]

    def _ailment(self, version: int, endpoint: str) -> str | None:
        left = self._breach.version if version == BASELINE else None
        rows = known(self._breach.model, version, self._sources.lineage, left)
        if rows is None:
            return NO_ROWS
        try:
            return rows.differs(self._ask(endpoint, rows.inputs))
        except HeirloomError as error:
            return f"does not answer: {error}"

    def _answers(self, _version: int, endpoint: str) -> Comparison:
        told = self._labelled()
        inputs = [each.input for each in told]
        chunks = (inputs[start : start + ROWS_AT_ONCE] for start in range(0, len(inputs), ROWS_AT_ONCE))
        asking = _Asking(partial(self._ask, endpoint))
        found = [answer for chunk in chunks for answer in asking.ask(chunk)]
        return compared(
            (each.right, answer is not None and bool(correct(answer, each.label, self._tolerance)))
            for each, answer in zip(told, found, strict=True)
        )

    @property
    def _tolerance(self) -> float | None:
        return self._project.slo.rolling_accuracy.tolerance

    def _times(self, version: int, endpoint: str) -> Comparison:
        """The version to be left by the times that its callers waited; the earlier one is asked the same now."""
        limit, deadline = self._project.slo.latency_p95_ms, self._clock() + BUDGET
        requests = self._telling(limit)
        was_fast = [request.ms <= limit for request in requests]
        is_fast: list[bool] = []
        for place, request in enumerate(requests):
            so_far = compared(zip(was_fast, is_fast, strict=False))
            still_open = was_fast[place:].count(False)
            if hopeless(so_far.better, so_far.worse, still_open) or self._clock() >= deadline:
                break
            turn = ask(version, endpoint, request.inputs, self._sources.endpoints, seconds=limit / 1000)
            is_fast.append(turn.error is None and turn.ms <= limit)
        unasked = [False] * (len(requests) - len(is_fast))
        return compared(zip(was_fast, [*is_fast, *unasked], strict=True), "fast enough")

    def _labelled(self) -> list[_Labelled]:
        """What the version was asked, whether it was right, and what was true: of predictions that are kept whole."""
        ids = labelled(self._sources.book, self._breach.model, self._breach.version, MOST_LABELLED)
        parts = (PREDICTION, LABEL, CORRECTION)
        found = self._sources.predictions.get_many([(identity, part) for identity in ids for part in parts])
        told = []
        for identity in ids:
            prediction, label = found.get((identity, PREDICTION)), found.get((identity, LABEL))
            if prediction is not None and label is not None and "input" in prediction.data:
                true = truth(label, found.get((identity, CORRECTION))).data["label"]
                right = correct(answer_of(prediction), true, self._tolerance)
                told += [_Labelled(prediction.data["input"], right, true)] if right is not None else []
        return told

    def _telling(self, limit: float) -> list[_Request]:
        """The requests; some more where even an earlier version that is fast on all of them would prove nothing."""
        for _ in range(LOOKS):
            requests = self._requests()
            if not hopeless(0, 0, sum(request.ms > limit for request in requests)):
                return requests
            self._pause(1.0)
        return self._requests()

    def _requests(self) -> list[_Request]:
        since = datetime.fromisoformat(self._breach.began_at) - BEFORE
        lines = self._sources.recent.lines(self._breach.model, self._breach.version, since, MOST_REQUESTS)
        return [request for request in map(_request, _by_request(lines)) if request][-MOST_REQUESTS:]

    def _ask(self, endpoint: str, rows: Rows) -> Rows:
        answer = self._sources.endpoints.invoke(endpoint, body_of(rows), seconds=SECONDS)
        return answers(answer, len(rows), endpoint)


class _Asking:
    """Asks a version about rows; a row that it can't take has no answer, and keeps no other from having one."""

    def __init__(self, invoke: Callable[[Rows], Rows]) -> None:
        self._invoke = invoke
        self._refusals = 0

    def ask(self, rows: Rows) -> list[Mapping[str, Any] | None]:
        """Halves what is refused, until the row is found; past MOST_REFUSALS all that is refused has no answer."""
        try:
            return list(self._invoke(rows))
        except (Invalid, ModelFailed):
            self._refusals += 1
            if len(rows) == 1 or self._refusals > MOST_REFUSALS:
                return [None] * len(rows)
        middle = len(rows) // 2
        return [*self.ask(rows[:middle]), *self.ask(rows[middle:])]


@dataclass(frozen=True)
class _Labelled:
    """A prediction whose label is known."""

    input: Mapping[str, Any]
    right: bool
    label: Any


@dataclass(frozen=True)
class _Request:
    """A request as it can be asked again, and how long it took."""

    ms: float
    inputs: Rows


def _by_request(lines: Sequence[Captured]) -> list[list[Captured]]:
    """A large request has several lines, all of the same moment and of the same time to the microsecond."""
    return [list(group) for _, group in groupby(lines, key=lambda line: (line.at, line.ms, line.entity))]


def _request(lines: Sequence[Captured]) -> _Request | None:
    """None where it can't be asked again as it was, or says nothing of the version: that slept, or was asked second."""
    first = lines[0]
    rows = [row for line in lines for row in line.rows]
    whole = [line.part for line in lines] == list(range(len(lines))) and all("input" in row for row in rows)
    if not (rows and whole and first.timed) or first.fallback or is_probe(first.entity):
        return None
    return _Request(first.ms, [row["input"] for row in rows])
