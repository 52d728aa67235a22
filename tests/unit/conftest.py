"""Unit tests touch no network: a test that tries to fails at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.unit.world import World


@pytest.fixture(autouse=True)
def _no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def world() -> World:
    """Every port in memory, nothing in them."""
    return World()


@pytest.fixture
def deployed(world: World) -> World:
    """The project flight-delay is deployed."""
    world.deploy()
    return world
