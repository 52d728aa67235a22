"""No process is left behind, whichever of them is killed: the launcher, the emulator, the guardian."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from local.launcher import EmbeddedAws
from tests.embedded import free_port
from tests.local.launcher import processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the survivors are looked up in /proc")


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedAws:
    return EmbeddedAws(tmp_path / "state", free_port())


def test_killing_the_emulator_ends_all_that_it_started(embedded: EmbeddedAws) -> None:
    aws = embedded.start(die_with_parent=True)
    processes.run_lambda(aws, seconds=60)
    processes.await_stray(embedded.state.root)

    os.kill(embedded.status().pid, signal.SIGKILL)

    assert processes.await_none(embedded.state.root) == set()
    assert not embedded.status().running
    embedded.stop()


def test_killing_the_guardian_ends_the_emulator_and_all_that_it_started(embedded: EmbeddedAws) -> None:
    aws = embedded.start(die_with_parent=True)
    processes.run_lambda(aws, seconds=60)
    processes.await_stray(embedded.state.root)
    running = embedded.state.running()
    assert running is not None

    os.kill(running.guardian, signal.SIGKILL)

    assert processes.await_none(embedded.state.root) == set()
    assert aws.client("sts").meta.endpoint_url == embedded.start(die_with_parent=True).endpoint_url
    assert "stray" in [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    embedded.stop()


def test_killing_whoever_started_it_to_die_with_them_ends_it(embedded: EmbeddedAws) -> None:
    child = processes.start_in_a_child(embedded.state.root, embedded.port, die_with_parent=True)

    child.kill()
    child.communicate()

    assert processes.await_none(embedded.state.root) == set()


def test_a_daemon_outlives_whoever_started_it_and_leaves_nothing_when_stopped(embedded: EmbeddedAws) -> None:
    child = processes.start_in_a_child(embedded.state.root, embedded.port, die_with_parent=False)
    child.kill()
    child.communicate()
    assert embedded.status().healthy
    aws = embedded.start()
    processes.run_lambda(aws, seconds=60)
    processes.await_stray(embedded.state.root)

    stopped = embedded.stop()

    assert stopped
    assert processes.of(embedded.state.root) == set()
