"""The embedded AWS as commands find it: never started, stopped, or up."""

from __future__ import annotations

from pathlib import Path

from heirloom.core.errors import Unavailable
from local.connection import FILE, Connection
from local.statedir import StateDir

STOPPED = "the embedded AWS is stopped: `heirloom local up` starts it"


def connection(state: Path) -> Connection:
    """How to reach it. Raises NotFound when it was never started, Unavailable when it is stopped."""
    found = Connection.load(state)
    if not StateDir(state).locked():
        raise Unavailable(STOPPED)
    return found


def is_up(state: Path) -> bool:
    """Whether it runs."""
    return state.is_dir() and StateDir(state).running() is not None


def is_stopped(state: Path) -> bool:
    """Whether it has been started here, and does not run."""
    return (state / FILE).is_file() and not StateDir(state).locked()
