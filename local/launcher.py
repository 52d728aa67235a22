"""Start, look at and stop the embedded AWS of one state directory, for the CLI, ``python -m local`` and the tests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from heirloom.core.errors import Conflict, NotFound, Unavailable
from local import guardian
from local.connection import Connection, url_of
from local.plugpoints import check_version
from local.settings import settings
from local.statedir import StateDir

DEFAULT_PORT = 4566
DEFAULT_STATE_DIR = Path(".heirloom")
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Status:
    """What is known of one embedded AWS. ``uptime`` in seconds, ``state_bytes`` in bytes; 0 and "" when not running."""

    running: bool
    healthy: bool
    state_dir: str
    state_bytes: int
    pid: int = 0
    port: int = 0
    uptime: float = 0.0
    version: str = ""
    endpoint_url: str = ""


class EmbeddedAws:
    """The embedded AWS of one state directory; making the object starts nothing."""

    def __init__(self, state_dir: Path = DEFAULT_STATE_DIR, port: int = DEFAULT_PORT) -> None:
        self.state = StateDir(state_dir)
        self.port = port
        self._lifeline = -1

    def start(self, timeout: float = 60, *, die_with_parent: bool = False) -> Connection:
        """Start it, or find it running, and return how to reach it once it is healthy.

        It is a daemon until ``stop``, unless ``die_with_parent``: then it ends with this process, even by kill -9.
        Raises Conflict for a port or directory in use, Invalid for state or a MiniStack of another version,
        Unavailable when it is not healthy within ``timeout`` seconds.
        """
        check_version()
        self.state.prepare()
        if (running := self.state.running()) and self._join(running.port, timeout):
            return Connection.load(self.state.root)
        self._refuse_taken_port()
        connection = self._connection()
        connection.save(self.state.root)
        self._launch(connection, die_with_parent=die_with_parent)
        self._await_health(connection, timeout)
        return connection

    def stop(self, timeout: float = STOP_SECONDS) -> bool:
        """Ask it to save its state and end; kill it after ``timeout`` seconds. False when it was not running."""
        was_running = self.state.locked()
        if was_running:
            self._signal(signal.SIGTERM)
            if not self._await_end(timeout):
                self._signal(signal.SIGKILL)
                self._await_end(timeout)
        self._drop_lifeline()
        return was_running

    def reset(self) -> None:
        """Stop it and remove all that it knows; refuses a directory that is not ours."""
        if self.state.root.exists():
            self.state.check_ours()
        self.stop()
        self.state.wipe()

    def status(self) -> Status:
        """What is known of it now."""
        size = self.state.size()
        running = self.state.running()
        if running is None:
            return Status(running=False, healthy=False, state_dir=str(self.state.root), state_bytes=size)
        version = _health(url_of(running.port))
        return Status(
            running=True,
            healthy=bool(version),
            state_dir=str(self.state.root),
            state_bytes=size,
            pid=running.pid,
            port=running.port,
            uptime=round(time.time() - running.started_at, 1),
            version=version,
            endpoint_url=url_of(running.port),
        )

    def _connection(self) -> Connection:
        """The credentials of the last start, so that shells which know them keep working; else new ones."""
        try:
            return Connection.load(self.state.root).at(self.port)
        except NotFound:
            return Connection.new(self.port)

    def _join(self, port: int, timeout: float) -> bool:
        """Wait for one that runs to be healthy; False when it was just ending, and has ended."""
        if port != self.port:
            raise Conflict(f"the embedded AWS of {self.state.root} runs on port {port}: stop it, or use that port")
        deadline = time.monotonic() + timeout
        while self.state.locked():
            if _health(url_of(port)):
                return True
            if time.monotonic() > deadline:
                raise Unavailable(f"the embedded AWS runs, but is not healthy (log: {self.state.log}): stop it")
            time.sleep(0.05)
        return False

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as exc:
                who = "another MiniStack" if _health(url_of(self.port)) else "another program"
                raise Conflict(f"port {self.port} is in use by {who}: end it, or choose a port with --port") from exc

    def _launch(self, connection: Connection, *, die_with_parent: bool) -> None:
        """Run the guardian, which comes back at once and leaves itself and the emulator in the background."""
        parent = -1
        if die_with_parent:
            parent, self._lifeline = os.pipe()
        command = [sys.executable, guardian.__file__, str(self.state.root), str(self.port), str(parent)]
        ended = subprocess.run(
            [*command, str(self.state.log), sys.executable, "-m", "local.server"],
            env=settings(self.state.root, connection, self.port),
            pass_fds=() if parent < 0 else (parent,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(guardian.__file__).parents[1],
            check=False,
        )
        if parent >= 0:
            os.close(parent)
        if ended.returncode == guardian.LOCKED:
            raise Conflict(f"{self.state.root} is in use by an embedded AWS that is just starting or ending: try again")
        if ended.returncode:
            raise Unavailable(f"the guardian ended with status {ended.returncode}: see {self.state.log}")

    def _await_health(self, connection: Connection, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not _health(connection.endpoint_url):
            if not self.state.locked():
                raise Unavailable(f"the embedded AWS did not start: {self._last_words()} (log: {self.state.log})")
            if time.monotonic() > deadline:
                self.stop()
                raise Unavailable(f"the embedded AWS was not healthy within {timeout:.0f} s (log: {self.state.log})")
            time.sleep(0.05)

    def _last_words(self) -> str:
        lines = self.state.log.read_text(errors="replace").splitlines() if self.state.log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def _signal(self, number: signal.Signals) -> None:
        """To the emulator: the guardian follows it, and is the last to go."""
        if running := self.state.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, number)

    def _await_end(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.state.locked():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _drop_lifeline(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def _health(endpoint_url: str) -> str:
    """The version of the MiniStack that answers there; "" when none does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{endpoint_url}/_ministack/health", timeout=2) as response:
            return str(json.load(response)["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
