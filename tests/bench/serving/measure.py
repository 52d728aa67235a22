"""The rounds: every server after the other, each started anew, loaded, weighed and stopped; then all of them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.bench.serving import load
from tests.bench.serving.load import Counts
from tests.bench.serving.model import LARGE, Model
from tests.bench.serving.peers import Peer
from tests.bench.serving.places import NotInstalledError, tell
from tests.bench.serving.process import DidNotStartError

# Rows a request, clients. Fewer clients where a request is large.
CELLS = ((1, 1), (1, 8), (1, 32), (LARGE, 1), (LARGE, 8))
# AWS's container turns JSON into 32-bit numbers; the others answer with the same double.
_CLOSE = 1e-6
_WARM_UP = 0.25


class AnswersDifferError(Exception):
    """A server does not give the answers of the model."""


@dataclass(frozen=True)
class Round:
    """One server, once."""

    peer: str  # its key
    start_seconds: float
    memory_mb: float  # after the load
    cells: dict[tuple[int, int], Counts]

    def to_document(self) -> dict[str, Any]:
        cells = [{"rows": rows, "clients": clients, **asdict(counts)} for (rows, clients), counts in self.cells.items()]
        return {**asdict(self), "cells": cells}


def prepare(peers: Sequence[Peer], model: Model) -> tuple[dict[str, Path], dict[str, str]]:
    """Give every server the model, and hold its answers against the model's own.

    Returns the bin folders of their environments by key, and the reasons of those that can't serve. Raises
    AnswersDifferError.
    """
    ready: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for peer in peers:
        try:
            packages = peer.install()
            if peer.save is not None:
                peer.save(packages, model)
            _compare(peer, packages, model)
            ready[peer.key] = packages
        except (NotInstalledError, DidNotStartError) as problem:
            tell(f"{peer.name} is left out: {problem}")
            absent[peer.key] = str(problem)
    return ready, absent


def _compare(peer: Peer, packages: Path, model: Model) -> None:
    process = peer.start(packages, model)
    try:
        given = peer.chances(process.ask(peer.request(model.rows)))
    finally:
        process.stop()
    furthest = max(abs(ours - theirs) for ours, theirs in zip(model.chances, given, strict=True))
    other = sum((ours > 0.5) != (theirs > 0.5) for ours, theirs in zip(model.chances, given, strict=True))
    tell(f"{peer.name}: {len(given)} rows, {other} other labels, probabilities at most {furthest:.1g} apart")
    if other or furthest > _CLOSE:
        raise AnswersDifferError(f"{peer.name}: {other} other labels, probabilities up to {furthest:.1g} apart")


def measure(program: Path, peer: Peer, packages: Path, model: Model, seconds: float) -> Round:
    """Start one server, put it under each kind of load for ``seconds``, and stop it."""
    process = peer.start(packages, model)
    try:
        cells = {}
        for rows, clients in CELLS:
            request = peer.request(model.rows[:rows])
            load.run(program, process.port, request, clients, _WARM_UP * seconds)
            cells[rows, clients] = load.run(program, process.port, request, clients, seconds)
            tell(f"  {peer.name}: {rows} rows, {clients} clients: {cells[rows, clients].rate:,.0f} a second")
        return Round(peer.key, process.seconds, process.memory(), cells)
    finally:
        process.stop()
