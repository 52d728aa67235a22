"""A prediction: the caller's rows go to the version that its share falls to, each answer comes back with an id.

The canary may be late, fail, or refuse what the champion takes: then the champion answers, and that is counted. The
predict function calls this; nothing is changed here. docs/predict.md has the path of a request.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from heirloom.core.errors import HeirloomError, Invalid, NotFound, Unavailable
from heirloom.core.prediction.assignment import in_canary
from heirloom.core.prediction.request import JSON, Request, body_of
from heirloom.core.prediction.warmth import Warmth
from heirloom.core.release.route import Route

SECONDS = 27.0
"""What a canary and then the champion may take together: the function has 29 seconds, and a route to read before."""


class Endpoints(Protocol):
    """Asks models."""

    def invoke(self, endpoint: str, body: bytes, *, content_type: str = JSON, seconds: float | None = None) -> Any:
        """The parsed JSON that the endpoint answers; ``seconds`` is all the time it has, else the port's own.

        Raises Invalid with the model server's own problems for an input that it refuses, Denied, Unavailable for an
        endpoint that is not there (yet) or does not answer. One more attempt where no connection came about."""


class ChampionSource(Protocol):
    """Knows the routes; Routes does, and RecentRoutes."""

    def get(self, model: str) -> Route | None:
        """The model's route."""


@dataclass(frozen=True)
class Turn:
    """One version's turn at a request: how long it took, and its answers or what it raised."""

    version: int
    ms: float
    found: Sequence[Mapping[str, Any]] = ()
    error: HeirloomError | None = None

    @property
    def refused(self) -> bool:
        """The version says that the input is wrong."""
        return isinstance(self.error, Invalid)

    @property
    def starting(self) -> bool:
        """The endpoint says that it is not awake yet: the answer is late, and nothing has failed."""
        return isinstance(self.error, Unavailable) and self.error.starting


@dataclass(frozen=True)
class Answer:
    """Predictions in the order of the rows; each has ``id``, then ``label`` and ``probability``, or ``value``."""

    model: str
    version: int
    predictions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Served:
    """What became of a request: the turn of the version that it fell to and, after a fallback, the champion's.

    ``timed``: the version that it fell to was known to be awake before it was asked, so being slow counts in a trial.
    """

    route: Route
    request: Request
    at: datetime
    turns: tuple[Turn, ...]
    ids: tuple[str, ...]
    timed: bool

    @property
    def answer(self) -> Answer:
        """What the caller gets. Raises what the version that should have answered raised."""
        last = self.turns[-1]
        if last.error is not None:
            raise last.error
        named = tuple(_named(identity, found) for identity, found in zip(self.ids, last.found, strict=True))
        return Answer(self.route.model, last.version, named)

    @property
    def refused(self) -> bool:
        """The input is wrong in the champion's eyes as well: the caller's mistake, nobody's failure."""
        return self.turns[-1].refused

    @property
    def fallback(self) -> bool:
        """The champion answered in the canary's place."""
        return len(self.turns) > 1 and self.turns[-1].error is None

    @property
    def arm(self) -> Literal["champion", "canary"] | None:
        """Whose share the request fell to, while there is a canary."""
        if self.route.canary is None:
            return None
        return "champion" if self.turns[0].version == self.route.champion else "canary"

    @property
    def slow(self) -> bool:
        """The version that the request fell to took longer than the canary may, or was still to start."""
        canary, first = self.route.canary, self.turns[0]
        return canary is not None and (first.ms >= canary.limit_ms or first.starting)

    @property
    def failed(self) -> bool:
        """The version that the request fell to did not answer it. A canary that is late is slow, and has not failed;
        nor has one that refuses what nobody else could judge, as the champion is down."""
        first, last = self.turns[0], self.turns[-1]
        late = self.slow and self.arm == "canary"
        unjudged = first.refused and last.error is not None
        return first.error is not None and not self.refused and not late and not unjudged


def champion(model: str, routes: ChampionSource) -> Route:
    """The route of a model. Raises NotFound."""
    route = routes.get(model)
    if route is None:
        raise NotFound(f"there is no model {model!r}: GET /models lists them")
    return route


def predict(
    route: Route,
    request: Request,
    endpoints: Endpoints,
    warmth: Warmth,
    now: datetime,
    monotonic: Callable[[], float] = time.perf_counter,
) -> Served:
    """Ask the version that the request falls to, and the champion where a canary does not answer in its time.

    The champion gets what a canary has left of SECONDS; asked first, it has the port's own limit. Nothing is raised:
    what the versions raise is in their turns.
    """
    turns: list[Turn] = []
    canary = route.canary if in_canary(route, request.caller) else None
    began = now.timestamp()
    timed = warmth.awake(route.ready[canary.version] if canary else route.endpoint, began)  # before it is asked
    if canary is not None:
        endpoint, seconds = route.ready[canary.version], canary.limit_ms / 1000
        turns.append(ask(canary.version, endpoint, request.inputs, endpoints, monotonic, seconds))
    if not turns or turns[0].error is not None:
        left = SECONDS - turns[0].ms / 1000 if turns else None
        turns.append(ask(route.champion, route.endpoint, request.inputs, endpoints, monotonic, left))
    _remember(turns, route, warmth, began)
    return Served(route, request, now, tuple(turns), tuple(new_ids(len(turns[-1].found), now)), timed)


def _remember(turns: Sequence[Turn], route: Route, warmth: Warmth, began: float) -> None:
    """Who was asked, one after the other. Not a refusal: rows that JSON has not are refused before anybody is asked."""
    for turn in turns:
        ended = began + turn.ms / 1000
        if not turn.refused:
            warmth.asked(route.ready[turn.version], began, ended, answered=turn.error is None)
        began = ended


def ask(
    version: int,
    endpoint: str,
    inputs: Sequence[Mapping[str, Any]],
    endpoints: Endpoints,
    monotonic: Callable[[], float] = time.perf_counter,
    seconds: float | None = None,
) -> Turn:
    """A version's turn: its answers to the rows, or what was raised."""
    started = monotonic()
    try:
        found = answers(endpoints.invoke(endpoint, body_of(inputs), seconds=seconds), len(inputs), endpoint)
        return Turn(version, (monotonic() - started) * 1000, found)
    except HeirloomError as error:
        return Turn(version, (monotonic() - started) * 1000, error=error)


def answers(document: object, rows: int, endpoint: str) -> Sequence[dict[str, Any]]:
    """The predictions in an endpoint's answer. Raises Unavailable when they are not one object with a label or a value
    a row."""
    found = document.get("predictions") if isinstance(document, Mapping) else None
    if not isinstance(found, list) or len(found) != rows or not all(map(_answers, found)):
        raise Unavailable(f"{endpoint} did not answer one prediction a row to {rows} rows")
    return found


def _answers(prediction: object) -> bool:
    return isinstance(prediction, dict) and ("label" in prediction or "value" in prediction)


def _named(identity: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """A prediction with its id, also where the model has put an ``id`` of its own there."""
    return {"id": identity, **{name: value for name, value in found.items() if name != "id"}}


def new_ids(count: int, now: datetime) -> list[str]:
    """Ids that sort by time and, at the same millisecond, by row: UUID version 7 (RFC 9562, 5.7).

    The 12 bits after the version count the rows of one request; 62 random bits keep requests apart.
    """
    milliseconds = int(now.timestamp() * 1000)
    return [_uuid7(milliseconds, row) for row in range(count)]


def _uuid7(milliseconds: int, row: int) -> str:
    value = (
        (milliseconds << 80) | (7 << 76) | ((row & 0xFFF) << 64) | (0b10 << 62) | (int.from_bytes(os.urandom(8)) >> 2)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
