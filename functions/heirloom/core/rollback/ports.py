"""The ports of a rollback, together: they are many, and each step needs some."""

from __future__ import annotations

from dataclasses import dataclass

from heirloom.core.clock import Clock
from heirloom.core.prediction.capture import Log
from heirloom.core.release.change import Ending
from heirloom.core.release.route import Routes
from heirloom.core.rollback.announcement import Announcements
from heirloom.core.rollback.answering import Pause, Probe
from heirloom.core.rollback.latch import Decisions
from heirloom.core.rollback.replay import Sources
from heirloom.core.run.journal import Journal
from heirloom.core.run.upload import Executions


@dataclass(frozen=True)
class Ports:
    """``ending`` tells the release whose canary a rollback ends; a training that is started is told in ``journal``;
    ``pause`` waits so many seconds."""

    decisions: Decisions
    routes: Routes
    sources: Sources
    probe: Probe
    announcements: Announcements
    executions: Executions
    journal: Journal
    ending: Ending
    log: Log
    clock: Clock
    pause: Pause
