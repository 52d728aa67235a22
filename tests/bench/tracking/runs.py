"""The runs that are searched: five metrics, three parameters, three tags each, the same for whoever keeps them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

SIZES = (1_000, 10_000, 100_000)
METRICS = ("acc", "loss", "f1", "auc", "seconds")
FIRST = 1_764_000_000_000
"""When the first one began, ms since 1970."""


@dataclass(frozen=True)
class Search:
    """What is asked: its name in the table, filter and order."""

    name: str
    filter: str = ""
    order_by: tuple[str, ...] = ()


SEARCHES = (
    Search("newest first"),
    Search("metric and parameter", "metrics.acc > 0.9 and params.lr = '0.1'"),
    Search("the same, ordered by the metric", "metrics.acc > 0.9 and params.lr = '0.1'", ("metrics.acc DESC",)),
    Search("status and tag", "attributes.status = 'FINISHED' and tags.team = 'blue'"),
    Search("parameter, ordered by a metric", "params.optimizer = 'adam'", ("metrics.loss ASC",)),
)


@dataclass(frozen=True)
class Run:
    """As all stores keep it; times in ms since 1970."""

    number: int
    drawn: str
    status: str
    start: int
    end: int
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


def runs(count: int, seed: int = 1) -> Iterator[Run]:
    """So many runs, always the same ones."""
    draw = random.Random(seed)
    for number in range(count):
        start = FIRST + number * 60_000 + draw.randrange(60_000)
        name = f"run-{number}"
        yield Run(
            number,
            f"{draw.getrandbits(128):032x}",
            draw.choice(("FINISHED",) * 9 + ("FAILED",)),
            start,
            start + draw.randrange(3_600_000),
            {key: draw.random() for key in METRICS},
            {
                "lr": draw.choice(("0.1", "0.03", "0.01")),
                "depth": str(draw.randrange(12)),
                "optimizer": draw.choice(("adam", "sgd")),
            },
            {"mlflow.runName": name, "mlflow.user": "bench", "team": draw.choice(("blue", "red", "green"))},
        )
