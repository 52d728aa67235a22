"""The Distributed Map: `MaxConcurrencyPath`, which MiniStack does not read. AWS page: "Distributed mode"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions


def install() -> None:
    """Read the path before the Map Run begins."""
    stepfunctions._run_distributed_map = _reading_the_path(stepfunctions._run_distributed_map)


def _reading_the_path(run: Callable[..., Any]) -> Callable[..., Any]:
    def run_map(state: dict[str, Any], raw_input: Any, effective: Any, *rest: Any) -> Any:
        if path := state.get("MaxConcurrencyPath"):
            at_once = stepfunctions._resolve_path_or_ctx(path, effective, rest[-1])
            state = {**state, "MaxConcurrency": int(at_once)}
        return run(state, raw_input, effective, *rest)

    return run_map
