"""Acting on the breaches of a model that ask for a rollback. Called by roll_back on the model's critical alarm, and for
all models every few minutes.

However often and by however many it is called, a breach is decided once: latch.py. acting.py has what is done for one.
"""

from __future__ import annotations

from datetime import timedelta

from heirloom.core.clock import stamp
from heirloom.core.embedded_metrics import model_line
from heirloom.core.errors import HeirloomError
from heirloom.core.monitoring.breach import ACCURACY, LATENCY, Severity
from heirloom.core.project.definition import Project
from heirloom.core.project.registration import registered
from heirloom.core.project.watching import DRIFTED
from heirloom.core.rollback.acting import Acting, Outcome
from heirloom.core.rollback.book import lasting, worst
from heirloom.core.rollback.ports import Ports
from heirloom.core.run.retrain import retrain

METRICS = {ACCURACY: "AccuracyBreach", LATENCY: "LatencyBreach"}


def roll_back(model: str, ports: Ports) -> tuple[Outcome, ...]:
    """Act on each breach of the model that asks for it, then publish how its promises are now.

    Raises the first error, when all were tried; then call it again. Conflict is one of them: somebody else is at the
    breach, and may die of it.
    """
    registration = registered(model, ports.sources.lineage)
    if registration is None:
        return ()
    outcomes: list[Outcome] = []
    errors: list[HeirloomError] = []
    for breach in lasting(ports.sources.book.of(model)):
        if breach.severity >= Severity.ROLLBACK:
            try:
                outcomes += Acting(ports, breach, registration.project).once()
            except HeirloomError as error:
                errors.append(error)
    _publish(registration.project, {outcome.slo for outcome in outcomes if outcome.problem}, ports)
    if errors:
        raise errors[0]
    return tuple(outcomes)


def sweep(ports: Ports) -> tuple[Outcome, ...]:
    """Act on what no alarm has told of. One that is on already does not go off again: not for a second promise, and not
    for the next version that breaks the same one. A message may be lost, too. Raises as roll_back does."""
    outcomes: list[Outcome] = []
    errors: list[HeirloomError] = []
    for project in ports.sources.lineage.projects():
        breaches = lasting(ports.sources.book.of(project.id))
        if any(breach.severity >= Severity.ROLLBACK for breach in breaches):
            try:
                outcomes += roll_back(project.id, ports)
            except HeirloomError as error:
                errors.append(error)
    if errors:
        raise errors[0]
    return tuple(outcomes)


def retrain_after_drift(model: str, at: str, ports: Ports) -> str | None:
    """Train on the newest data, where the project wants that; the run's id, the same for each message of the alarm that
    is on since ``at``, a stamp. None where it does not, or there are no data."""
    lineage = ports.sources.lineage
    registration = registered(model, lineage)
    if registration is None or not registration.project.drift.retrain:
        return None
    return retrain(model, f"{model}/{DRIFTED}/{at}", ports.journal, ports.executions, stamp(ports.clock()))


def _publish(project: Project, unsure: set[str], ports: Ports) -> None:
    """The metrics on which the alarms are, so that they go OK.

    Again for the next period: an alarm goes by the worst of a period, and without data it stays as it is. Not of a
    promise whose breach is over without a version that is known to answer: its alarm stays on until the monitor has
    seen one.
    """
    breaches = ports.sources.book.of(project.name)
    values = {name: worst(breaches, slo) for slo, name in METRICS.items() if slo not in unsure}
    for later in (timedelta(), timedelta(seconds=project.slo.alarm_seconds)):
        ports.log(model_line(project.name, ports.clock() + later, values))
