"""What the runs of experiments have read."""

from __future__ import annotations

import pytest

from heirloom.core.errors import Invalid
from tests.unit.tracking.server import Server


def test_each_dataset_is_told_once(server: Server, experiment: str) -> None:
    for context in ("train", "train", ""):
        dataset = {"name": "winds", "digest": "abc", "source_type": "local", "source": "x"}
        tags = [{"key": "mlflow.data.context", "value": context}] if context else []
        run = server.begin(experiment)
        server.post("runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": tags}])

    found = server.post("experiments/search-datasets", experiment_ids=[experiment])["dataset_summaries"]

    plain = {"experiment_id": experiment, "name": "winds", "digest": "abc"}
    assert found == [plain, {**plain, "context": "train"}]


def test_it_says_what_it_needs(server: Server) -> None:
    with pytest.raises(Invalid, match="at least one experiment_id"):
        server.post("experiments/search-datasets", experiment_ids=[])
    with pytest.raises(Invalid, match=r"more than 20 experiment_ids\. Received 21"):
        server.post("experiments/search-datasets", experiment_ids=["1"] * 21)
