"""A row: what a search sees of a run, an experiment, a registered model, a model version or a logged model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """``attributes`` are named as kinds.py says; those that are None, or not there, are missing.

    ``datasets``: the inputs of a run, each with name, digest and, if it has one, context. ``metric_points``: all that
    were logged of a logged model, each with key, value, dataset_name and dataset_digest, and timestamp and step where
    it is to be known which is the latest; without these the last is. A logged model has no ``metrics``.
    """

    attributes: Mapping[str, Any]
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]
    datasets: Sequence[Mapping[str, str]] = ()
    metric_points: Sequence[Mapping[str, Any]] = ()
