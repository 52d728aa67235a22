"""What survives the end of the emulator, and what must not."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import wait_for
from tests.local.sagemaker.conftest import Lab, make_lab

SLEEPER = "#!/bin/sh\nsleep 600 &\nsleep 600\n"


def processes_under(directory: Path) -> set[int]:
    """Whoever works in a directory, or was started from there."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            where = str((entry / "cwd").readlink())
        except OSError:
            continue
        if where.startswith(str(directory)):
            found.add(int(entry.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="the survivors are looked up in /proc")
def test_endpoints_come_back_jobs_fail_and_nothing_is_left_behind(
    start_aws: Callable[[Path], Any], tmp_path: Path
) -> None:
    state, programs = tmp_path / "state", tmp_path / "programs"
    embedded, aws = start_aws(state)
    lab = make_lab(aws, state, programs)
    lab.deploy("lasting", lab.image("lasting"))
    lab.sagemaker.create_training_job(**lab.job_request("cut-short", lab.image("cut-short", SLEEPER)))
    wait_for(lambda: lab.sagemaker.describe_training_job(TrainingJobName="cut-short")["SecondaryStatus"] == "Training")
    work = state / "sagemaker" / "work"
    wait_for(lambda: len(processes_under(work)) >= 3)

    embedded.stop()

    assert processes_under(work) == set()
    assert list((state / "processes").iterdir()) == []
    lab = Lab(embedded.start(die_with_parent=True), state, lab.role, programs)
    job = lab.ended("cut-short")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError: We encountered an internal error.")
    assert lab.settled("lasting")["EndpointStatus"] == "InService"
    assert lab.invoke("lasting") == "lasting\n"

    os.kill(embedded.status().pid, signal.SIGKILL)

    wait_for(lambda: not processes_under(work))
    wait_for(lambda: not embedded.state.locked())
    lab = Lab(embedded.start(die_with_parent=True), state, lab.role, programs)
    assert lab.settled("lasting")["EndpointStatus"] == "InService"
    embedded.stop()
