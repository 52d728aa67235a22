"""One embedded AWS for all the tests of a pytest process that ask for one (each xdist worker has its own)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import free_port

# How long an example takes says how busy the machine is; in a fresh clone the first text alone takes seconds to draw.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of ``aws``."""
    return tmp_path_factory.mktemp("embedded") / "state"


@pytest.fixture(scope="session")
def aws(state_dir: Path) -> Iterator[Connection]:
    """A running embedded AWS that ends with this pytest process, even if that is killed."""
    embedded = EmbeddedAws(state_dir, free_port())
    yield embedded.start(die_with_parent=True)
    embedded.stop()
