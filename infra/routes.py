"""Every route of the HTTP API, once: the API is built from this table and docs/openapi.json is generated from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """``name`` is the handler's module and the operation's id; ``statuses`` are the errors that it can answer."""

    name: str
    method: str
    path: str
    summary: str
    answer: str
    statuses: tuple[int, ...]
    body: str | None = None


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
)
