"""One synthesis of each target for all the tests of a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.build import build_layer
from tests.infra.synthesis import Stacks, synthesise, write_project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them go to one worker, so that there is one synthesis."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("infra"))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two projects whose names begin alike, one of each form of serving."""
    folder = tmp_path_factory.mktemp("models")
    write_project(folder, "tiny")
    write_project(folder, "tiny-large", "{form: realtime, min_instances: 2, max_instances: 3, scale_in: false}")
    return folder


@pytest.fixture(scope="session")
def aws(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks that `cdk deploy` sends to AWS."""
    build_layer("aws")
    return synthesise("aws", models, tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def local(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks that `cdk deploy -c target=local` sends to the embedded AWS."""
    build_layer("local")
    return synthesise("local", models, tmp_path_factory.mktemp("local"))
