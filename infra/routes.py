"""Every route of the HTTP API, once: the API is built from this table and docs/openapi.json is generated from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """``name`` is the handler's module and the operation's id; ``statuses`` are the errors that it can answer.

    ``accepted``: what a 202 means, where the handler may start what ends later. ``query``: its query parameters.
    """

    name: str
    method: str
    path: str
    summary: str
    answer: str
    statuses: tuple[int, ...]
    body: str | None = None
    accepted: str | None = None
    query: tuple[str, ...] = ()


ROUTES = (
    Route(
        "predict",
        "POST",
        "/models/{model}/predictions",
        "Ask a model for predictions, one for each input, in their order.",
        answer="Predictions",
        statuses=(400, 403, 404, 413, 422, 429, 500, 503),
        body="Inputs",
    ),
    Route(
        "list_models",
        "GET",
        "/models",
        "Every model, with the version that answers for it.",
        answer="Models",
        statuses=(403, 429, 500, 503),
    ),
    Route(
        "show_model",
        "GET",
        "/models/{model}",
        "One model, with its versions.",
        answer="ModelDetail",
        statuses=(403, 404, 429, 500, 503),
    ),
    Route(
        "show_release",
        "GET",
        "/models/{model}/release",
        "Which version answers, which is tried, and what is known of the trial.",
        answer="Release",
        statuses=(403, 404, 429, 500, 503),
    ),
    Route(
        "list_changes",
        "GET",
        "/models/{model}/release/changes",
        "Every change of the route, the newest first.",
        answer="Changes",
        statuses=(403, 404, 422, 429, 500, 503),
        query=("limit", "cursor"),
    ),
    Route(
        "change_release",
        "POST",
        "/models/{model}/release/{move}",
        "Promote, roll back, end a canary, freeze, thaw, mirror traffic to a version, or clear one of its quarantine.",
        answer="Changed",
        statuses=(400, 403, 404, 409, 413, 422, 429, 500, 503),
        body="Change",
        accepted="The version's endpoint is made first; the execution moves the route when it is tested.",
    ),
    Route(
        "take_labels",
        "POST",
        "/models/{model}/feedback",
        "Say what really happened, by the ids of predictions; a later label corrects the first of each.",
        answer="Taken",
        statuses=(400, 403, 404, 413, 422, 429, 500, 503),
        body="Labels",
    ),
)
