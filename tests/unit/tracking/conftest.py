"""A tracking server without a network: the handler over documents in memory."""

from __future__ import annotations

import pytest

from tests.unit.tracking.server import Server


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def experiment(server: Server) -> str:
    """An experiment without runs."""
    return str(server.post("experiments/create", name="kites")["experiment_id"])


@pytest.fixture
def run(server: Server, experiment: str) -> str:
    """A run that has logged nothing yet."""
    return server.begin(experiment)
