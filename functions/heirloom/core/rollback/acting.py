"""What is done for one breach: decide, move the route, write it down, see what answers, tell people, end the breach.

Each step may be repeated. Of a run that died the next one finds the decision, and in the route's history whether it was
acted on. A drill takes the same way, over a route of its own.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from heirloom.core.clock import stamp
from heirloom.core.errors import HeirloomError
from heirloom.core.lineage.graph import BREACHES, CAUSES, Document, Edge, Node, version_id
from heirloom.core.monitoring.breach import Breach
from heirloom.core.project.definition import Project
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, change
from heirloom.core.release.route import Mark, Route
from heirloom.core.rollback.announcement import Announcement
from heirloom.core.rollback.answering import known, verify
from heirloom.core.rollback.book import lasting
from heirloom.core.rollback.decision import Case, Decision, Earlier, decide
from heirloom.core.rollback.history import MONITOR, history, made_for
from heirloom.core.rollback.latch import Claim
from heirloom.core.rollback.ports import Ports
from heirloom.core.rollback.rehearsal import TWIN, Rehearsal, drill_route
from heirloom.core.rollback.replay import Replay
from heirloom.core.run.retrain import retrain


@dataclass(frozen=True)
class Outcome:
    """What was done for a breach of the promise ``slo``. ``problem`` is why people are needed though the route was
    moved; None otherwise."""

    breach: str
    slo: str
    action: str
    target: int | None
    reason: str
    problem: str | None = None


class Acting:
    """One breach, and the ports by which it is acted on."""

    def __init__(self, ports: Ports, breach: Breach, project: Project) -> None:
        self._ports = ports
        self._breach = breach
        self._project = project
        self._route_name = drill_route(breach.model) if breach.drill else breach.model
        self._version = TWIN if breach.drill else breach.version
        replay = Replay(breach, project, ports.sources, ports.clock, ports.pause)
        self._earlier: Earlier = Rehearsal(breach, replay) if breach.drill else replay

    def once(self) -> tuple[Outcome, ...]:
        """What was done; nothing where all was done before. Raises Conflict while somebody else is at it."""
        claim = self._ports.decisions.claim(self._breach.id, self._ports.clock())
        if claim is None:
            return ()
        try:
            return (self._act(claim),)
        except HeirloomError:
            with suppress(HeirloomError):  # a claim that is not given back is taken over two minutes later
                self._ports.decisions.give_back(claim)
            raise

    def _act(self, claim: Claim) -> Outcome:
        decision = self._settle(claim)
        if decision.action == "rollback":
            decision = replace(decision, problem=self._unanswered(decision))
            self._ports.decisions.record(claim, decision.to_document())
        self._write_down(decision)
        self._tell(decision)
        if decision.action != "page":
            self._ports.sources.book.end(self._breach, self._now)
        self._ports.decisions.finish(claim)
        return Outcome(
            self._breach.id, self._breach.slo, decision.action, decision.target, decision.reason, decision.problem
        )

    def _settle(self, claim: Claim) -> Decision:
        """Decide by the route as it is, and move it in the same write: whoever changes it in between has it decided
        again. The decision is kept before, so that it is known of a move that was made. One who died has decided for
        good, but for a move that was not made: people may have been told."""
        before = Decision.from_document(claim.decision) if claim.decision else None
        settled: list[Decision] = []

        def move(route: Route) -> Route:
            changes = history(self._route_name, self._ports.sources.lineage)
            if before is not None and (made_for(changes, self._breach.id) or not before.moves):
                settled[:] = [before]
                return route
            settled[:] = [decide(self._case(route, changes), self._earlier)]
            self._ports.decisions.record(claim, settled[0].to_document())
            return self._moved(route, settled[0])

        if self._ports.routes.get(self._route_name) is None:
            return Decision("nothing", None, f"there is no route {self._route_name}", ())
        change(self._route_name, move, self._ports.routes, ATTEMPTS, self._ports.ending)
        return settled[0]

    def _moved(self, route: Route, decision: Decision) -> Route:
        mark = Mark(MONITOR, self._now, decision.reason)
        if decision.action == "rollback":
            return replace(moves.roll_back(route, decision.target, mark), release=self._breach.id)
        return replace(moves.freeze(route, mark), release=self._breach.id) if decision.freeze else route

    def _case(self, route: Route, changes: tuple[Document, ...]) -> Case:
        """In a drill no earlier version is broken: its route has numbers of its own."""
        breaches = () if self._breach.drill else lasting(self._ports.sources.book.of(self._breach.model))
        broken = frozenset(each.version for each in breaches if not each.drill)
        return Case(self._breach, self._version, route, changes, broken, self._ports.clock())

    def _write_down(self, decision: Decision) -> None:
        """The incident, with what led to it and what came of it. The evidence stays in the lineage for good."""
        breach, lineage = self._breach, self._ports.sources.lineage
        data = {"breach": breach.to_document(), "decision": decision.to_document(), "route": self._route_name}
        incident = Node("incident", breach.id.replace("/", "."), breach.model, self._now, data)
        version = f"version#{version_id(breach.model, breach.version)}"
        lineage.add(incident, Edge(version, BREACHES, incident.key))
        made = made_for(history(self._route_name, lineage), breach.id)
        if made is not None:
            lineage.link(Edge(incident.key, CAUSES, f"change#{self._route_name}/{made['revision']}"))

    def _unanswered(self, decision: Decision) -> str | None:
        """Why predict does not answer by the route as it is now; None when it does, or there is nothing to ask it."""
        target = decision.target or 0
        rows = known(self._breach.model, target, self._ports.sources.lineage, self._breach.version)
        if rows is None:
            return None
        return verify(self._route_name, rows, self._ports.probe, self._ports.clock, self._ports.pause)

    def _tell(self, decision: Decision) -> None:
        run = self._retrained(decision)
        resolved = decision.action != "page" and decision.problem is None
        announcement = Announcement(
            kind="resolved" if resolved else "escalated",
            breach=self._breach.id,
            model=self._breach.model,
            text=f"{'DRILL: ' if self._breach.drill else ''}{self._text(decision, run)}",
            evidence={
                **self._breach.evidence,
                "checks": decision.to_document()["checks"],
                "target": decision.target,
                "retraining": run,
            },
        )
        self._ports.announcements.publish(announcement.to_document())

    def _text(self, decision: Decision, run: str | None) -> str:
        who = f"version {self._breach.version} of {self._breach.model}"
        if decision.action == "nothing":
            return f"{who}: nothing is left to do: {decision.reason}"
        if decision.action == "rollback":
            answers = f"but {decision.problem}" if decision.problem else "which answers"
            return f"{who} was rolled back to version {decision.target}, {answers}: {decision.reason}"
        frozen = "; its route is frozen until a person has looked" if decision.freeze else ""
        training = f"; run {run} trains on the newest data" if run else ""
        return f"{who} is not rolled back: {decision.reason}{frozen}{training}"

    def _retrained(self, decision: Decision) -> str | None:
        """The run that was started because the world has changed, where the project wants one."""
        if not (decision.retrain and self._project.drift.retrain):
            return None
        ports = self._ports
        return retrain(self._breach.model, self._breach.id, ports.journal, ports.executions, self._now)

    @property
    def _now(self) -> str:
        return stamp(self._ports.clock())
