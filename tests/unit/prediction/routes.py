"""Routes for the tests of predictions: alone, on trial, with a shadow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from heirloom.core.release.route import Canary, Mark, Route, Shadow

NOW = datetime(2026, 11, 23, 15, 10, 9, 123000, tzinfo=UTC)
CHAMPION, CHALLENGER = "heirloom-wine-v3", "heirloom-wine-v4"
ROUTE = Route(
    model="wine",
    revision=4,
    champion=3,
    ready={0: "heirloom-wine-v0", 3: CHAMPION, 4: CHALLENGER},
    action="promote",
    change=Mark("pipeline", "2026-11-23T15:10:09.000Z", ""),
)


def canary(share: float = 1.0, release: str = "wine-1", limit_ms: int = 500) -> Canary:
    return Canary(4, share, limit_ms, release)


def shadow(share: float = 1.0) -> Shadow:
    return Shadow(4, share)


ON_TRIAL = replace(ROUTE, canary=canary())
SHADOWED = replace(ROUTE, shadow=shadow())
