"""The unmodified client of MLflow on the deployed stack: signed requests, files straight to S3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.stack.client import Stack
from tests.local.stack.programs import ROOT, variables

pytestmark = pytest.mark.xdist_group("stack")


def test_a_data_scientist_s_script_runs_as_on_mlflow_s_own_server(stack: Stack, tmp_path: Path) -> None:
    script = [sys.executable, "-m", "tests.local.stack.experiment"]
    environment = variables(**stack.signed, MPLCONFIGDIR=str(tmp_path))
    ran = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)

    assert ran.returncode == 0, ran.stderr[-4000:]
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "by_hand": {
            "status": "FINISHED",
            "params": {"rate": "0.1", "depth": "3", "colour": "red"},
            "metrics": {"loss": "0.2", "acc": "0.9", "odd": "nan", "endless": "inf"},
            "note": "zwei\nZeilen",
            "steps": [0, 1, 2, 3, 4],
            "dataset": "coats",
            "artifacts": ["conf", "files", "hello.txt", "plots"],
            "text": "two.txt",
        },
        "nested": ["child-0", "child-1"],
        "automatically": {"C": "0.5", "measured": True, "models": 1},
        "registered": {"same": True, "version": "1", "tags": {"checked": "yes"}, "by id": "LogisticRegression"},
        "searched": {
            "best": ["by hand", "child-1"],
            "red": 1,
            "like": 1,
            "models": ["coats"],
            "versions": ["1"],
        },
        "with_the_client": {
            "deleted": ["deleted", "deleted"],
            "name": "renamed run",
            "tags": {"kind": "test", "more": "yes"},
            "points": 1,
        },
    }
