"""A server as a process tree on one core: started, asked, weighed and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.bench.serving.places import SERVER_CORE, core

_PATIENCE = 120.0


class DidNotStartError(Exception):
    """The server ended, or gave no good answer in time; the message holds the end of its log."""


@dataclass(frozen=True)
class Request:
    """A POST of JSON."""

    path: str
    body: bytes


@dataclass
class Process:
    """A running server. ``seconds``: from its command to its first good answer."""

    tree: subprocess.Popen[bytes]
    port: int
    log: Path
    seconds: float = 0.0

    def ask(self, request: Request, timeout: float = 60) -> Any:
        """The parsed answer. Raises OSError or HTTPException where there is none or its status is not 200."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {"Content-Type": "application/json", "Accept": "application/json"}
            connection.request("POST", request.path, request.body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise HTTPException(f"{answer.status}: {text[:500]!r}")
        return json.loads(text)

    def memory(self) -> float:
        """Proportional set size of the whole tree, in MB: shared pages are counted once (proc(5), smaps_rollup)."""
        return sum(_pss(process) for process in _descendants(self.tree.pid)) / 1024

    def stop(self) -> None:
        """SIGTERM to the whole group, and SIGKILL to what is left of it after 10 s."""
        os.killpg(self.tree.pid, signal.SIGTERM)
        try:
            self.tree.wait(10)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_group(self.tree.pid)
            self.tree.wait()


def start(command: Sequence[str], environment: Mapping[str, str], folder: Path, port: int, first: Request) -> Process:
    """Start a server in ``folder`` and wait for its first good answer to ``first``. Raises DidNotStartError."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    started = time.monotonic()
    with core(SERVER_CORE), log.open("wb") as lines:
        tree = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=lines, stderr=lines, start_new_session=True
        )
    process = Process(tree, port, log)
    problem: Exception | None = None
    while time.monotonic() - started < _PATIENCE and tree.poll() is None:
        try:
            process.ask(first)
        except (OSError, HTTPException) as not_yet:
            problem = not_yet
            time.sleep(0.01)
        else:
            process.seconds = time.monotonic() - started
            return process
    _kill_group(tree.pid)
    tree.wait()
    raise DidNotStartError(f"{problem}; the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _descendants(root: int) -> list[int]:
    parents = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found = [root]
    for process in found:
        found.extend(child for child, parent in parents.items() if parent == process)
    return found


def _pss(process: int) -> int:
    """In KiB; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
