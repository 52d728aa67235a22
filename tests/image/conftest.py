"""Trained models and endpoints that the tests of the image share: each takes seconds to make."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded import free_port
from tests.image.programs import DATA, MODELS, Endpoint, Job, make_project, prepare, serve, train


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """models/flight-delay, trained on its first three thousand rows."""
    folder = tmp_path_factory.mktemp("flights")
    project = MODELS / "flight-delay"
    command = [sys.executable, str(project / "make_data.py"), str(folder / "data.csv"), "--rows", "3000"]
    subprocess.run(command, check=True, timeout=240)
    job = prepare(folder / "ml", project, (folder / "data.csv").read_text())
    return train(job, HEIRLOOM_MODEL="flight-delay", HEIRLOOM_RUN_ID="run-1", HEIRLOOM_GIT_COMMIT="abc123")


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A small project with a label of true and false, trained."""
    folder = tmp_path_factory.mktemp("wine")
    return train(prepare(folder / "ml", make_project(folder / "wine"), DATA))


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Endpoint]]:
    """Starts endpoints on free ports, and ends them all."""
    running: list[Endpoint] = []

    def begin(base: Path) -> Endpoint:
        running.append(serve(base, free_port()))
        return running[-1]

    yield begin
    for endpoint in running:
        endpoint.process.kill()
        endpoint.process.communicate()


@pytest.fixture(scope="session")
def endpoint(wine: Job, start: Callable[[Path], Endpoint]) -> Endpoint:
    """The small project, served."""
    return start(wine.base).wait()
