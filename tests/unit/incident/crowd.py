"""Many at once, one step at a time: which of them goes on is decided by a random number, so that a run can be repeated.

Each runs in a thread of its own and stops before each call of a port; the crowd lets one of them go on to its next
stop. Time stands still while anybody can go on, and then goes to the first moment at which somebody wakes up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.unit.incident.world import World


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, not even what tidies up."""


@dataclass
class Member:
    """One of the crowd. ``name`` is told where it fails."""

    name: str
    work: Callable[[], None]
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    wakes_at: float = 0.0
    done: bool = False
    failed: BaseException | None = None


class Crowd:
    """``killing`` is how likely each stop is the last one of a member that may be killed."""

    def __init__(self, world: World, random: Random, killing: float) -> None:
        self._world = world
        self._random = random
        self._killing = killing
        self._members: list[Member] = []
        self._stopped = threading.Semaphore(0)
        self._mine = threading.local()

    def add(self, name: str, work: Callable[[], None]) -> None:
        """Somebody more; also while the others run."""
        member = Member(name, work)
        self._members.append(member)
        threading.Thread(target=self._live, args=(member,), daemon=True).start()

    def stop(self, seconds: float = 0.0) -> None:
        """Let others go on, at least for so long. Raises Killed."""
        member: Member = self._mine.member
        member.wakes_at = self._world.now.timestamp() + seconds
        self._stopped.release()
        member.go.acquire()
        if self._random.random() < self._killing:
            raise Killed

    def run(self) -> None:
        """Until all are done. Raises what one of them raised."""
        while left := [member for member in self._members if not member.done]:
            now = self._world.now.timestamp()
            ready = [member for member in left if member.wakes_at <= now]
            if not ready:
                self._world.sleep(0.001 + min(member.wakes_at for member in left) - now)
                continue
            chosen = self._random.choice(ready)
            chosen.go.release()
            self._stopped.acquire()
            if chosen.failed is not None:
                raise chosen.failed

    def stopping(self, port: Any) -> Any:
        """The port, before each call of which its caller stops."""
        return _Stopping(self, port)

    def _live(self, member: Member) -> None:
        self._mine.member = member
        member.go.acquire()
        try:
            member.work()
        except BaseException as error:  # noqa: BLE001 - told where the crowd runs
            member.failed = error
        member.done = True
        self._stopped.release()


class _Stopping:
    def __init__(self, crowd: Crowd, port: Any) -> None:
        self._crowd = crowd
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def called(*arguments: Any) -> Any:
            self._crowd.stop()
            return method(*arguments)

        return called
