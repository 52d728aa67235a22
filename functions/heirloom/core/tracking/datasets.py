"""Datasets that the runs of experiments have read: what people choose from when they look for runs."""

from __future__ import annotations

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.run import row
from heirloom.core.tracking.runs import runs_of
from heirloom.core.tracking.tracking import Answer, Tracking

MOST_EXPERIMENTS, MOST_DATASETS = 20, 1000


def search(asked: Asked, tracking: Tracking) -> Answer:
    """POST experiments/search-datasets, which the UI asks."""
    ids = asked.texts("experiment_ids")
    if not ids:
        raise Invalid("SearchDatasets request must specify at least one experiment_id.")
    if len(ids) > MOST_EXPERIMENTS:
        raise Invalid(
            f"SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids. Received {len(ids)}"
            " experiment_ids."
        )
    found = {
        (run["info"]["experiment_id"], each["name"], each["digest"], each.get("context", "")): None
        for run in runs_of(ids, tracking)
        for each in row(run).datasets
    }
    names = ("experiment_id", "name", "digest", "context")
    told = [{name: value for name, value in zip(names, each, strict=True) if value} for each in sorted(found)]
    return {"dataset_summaries": told[:MOST_DATASETS]}
