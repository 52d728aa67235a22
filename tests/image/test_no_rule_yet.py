"""A project that has no rule of thumb yet, as `heirloom project init` writes it, trains and serves nonetheless."""

from __future__ import annotations

import json
from pathlib import Path

from tests.image.programs import DATA, make_project, prepare, train

NO_RULE = "def predict(frame):\n    return [None] * len(frame)\n"


def test_baseline_without_a_rule_has_no_scores(tmp_path: Path) -> None:
    job = train(prepare(tmp_path / "ml", make_project(tmp_path / "wine", baseline=NO_RULE), DATA))

    metrics = json.loads((job.base / "model" / "metrics.json").read_text())
    assert metrics["baseline"] == {}
    assert metrics["objective"]["met"]
