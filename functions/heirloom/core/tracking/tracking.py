"""What every endpoint of tracking works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heirloom.core.clock import Clock
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Documents
from heirloom.core.tracking.index.recalled import Recalled

Answer = Mapping[str, Any]
"""Plain JSON, but for NaN and the infinities, which the edge writes as texts."""


Served = Callable[[Sequence[str]], Mapping[str, Mapping[str, int]]]
"""The versions by alias, by model: of those models that have a route."""


@dataclass(frozen=True)
class Tracking:
    """``artifact_root`` is where the artifacts of new experiments go, a URI; ``draw`` gives 32 random hexadecimal
    digits; ``served`` says of models by which aliases a route serves their versions (registry/roles.py); ``recalled``
    is what searches have read before."""

    documents: Documents
    artifact_root: str
    clock: Clock
    draw: Callable[[], str]
    served: Served = lambda _models: {}
    recalled: Recalled = field(default_factory=Recalled)

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock().timestamp() * 1000)


Endpoint = Callable[[Asked, Tracking], Answer]
"""Answers a request. Raises Invalid, NotFound, Conflict for what exists already, Denied or Unavailable."""
