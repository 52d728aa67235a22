"""A version that a person has rejected in SageMaker's model registry: it is taken back, or never gets to answer.

Told by SageMaker's event "SageMaker Model Package State Change", which may come several times for one change:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Invalid
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, Ending, change
from heirloom.core.release.route import Mark, Route, Routes
from heirloom.core.rollback.announcement import Announcement, Announcements

REGISTRY = "registry"
"""Who moves the route then."""
REJECTED = "Rejected"


@dataclass(frozen=True)
class Rejection:
    """Which version was rejected, when (a stamp) and why."""

    model: str
    version: int
    at: str
    reason: str

    @property
    def id(self) -> str:
        """The same for each event of it: under this people are told."""
        return f"{self.model}/{REGISTRY}/v{self.version}/{self.at}"

    @classmethod
    def from_event(cls, event: Mapping[str, Any], prefix: str) -> Rejection | None:
        """None for a package of another status or of another deployment. Raises Invalid for another kind of event."""
        try:
            detail = event["detail"]
            group, status = detail["ModelPackageGroupName"], detail.get("ModelApprovalStatus")
            if status != REJECTED or not group.startswith(f"{prefix}-"):
                return None
            why = f"rejected in the model registry: {detail.get('ApprovalDescription') or 'no reason was given'}"
            at = _stamp(detail.get("LastModifiedTime") or event["time"])
            return cls(group.removeprefix(f"{prefix}-"), int(detail["ModelPackageVersion"]), at, why)
        except KeyError as missing:
            raise Invalid(f"not the event of a version in the model registry: {missing} is missing") from missing


@dataclass(frozen=True)
class Rejected:
    """What came of it: rollback, stop, quarantine, nothing, or escalated, where a person has frozen the route."""

    action: str
    revision: int | None = None


def reject(rejection: Rejection, routes: Routes, announcements: Announcements, ending: Ending, at: str) -> Rejected:
    """Take the version back if it answers or is tried, and quarantine it in any case, once.

    A person has decided, so nobody asks whether going back helps; but not past the freeze of another person. Raises
    Conflict where others keep changing the route.
    """
    mark, taken = Mark(REGISTRY, at, rejection.reason), ["nothing"]
    if routes.get(rejection.model) is None:
        return Rejected("nothing")

    def move(route: Route) -> Route:
        moved = _without(route, rejection.version, mark)
        taken[:] = ["nothing" if moved == route else moved.action]
        return moved

    route = change(rejection.model, move, routes, ATTEMPTS, ending)
    if _stands(route, rejection.version):
        announcements.publish(_escalated(rejection, route).to_document())
        return Rejected("escalated", route.revision)
    return Rejected(taken[0], route.revision)


def _without(route: Route, version: int, mark: Mark) -> Route:
    """The route as it goes on without the version; as it is, where it does already, or must not."""
    if version in route.quarantined or _stands(route, version):
        return route
    if version == route.champion:
        return moves.roll_back(route, None, mark)
    if route.canary and route.canary.version == version:
        return moves.stop(route, route.canary.release, mark, quarantine=True)
    return moves.quarantine(route, version, mark)


def _stands(route: Route, version: int) -> bool:
    """Whether the version answers by a person's word."""
    return route.champion == version and route.frozen is not None


def _escalated(rejection: Rejection, route: Route) -> Announcement:
    frozen = route.frozen or route.change
    said = f"version {rejection.version} of {rejection.model} was {rejection.reason}; it still answers"
    text = f"{said}, since {frozen.by} has frozen the route ({frozen.at}: {frozen.reason})"
    evidence = {"rejected_at": rejection.at, "reason": rejection.reason, "frozen": vars(frozen)}
    return Announcement("escalated", rejection.id, rejection.model, text, evidence)


def _stamp(told: str | float) -> str:
    """Of ISO 8601, or of milliseconds since 1970: AWS's own examples have both."""
    if isinstance(told, str) and not told.isdecimal():
        return stamp(datetime.fromisoformat(told))
    return stamp(datetime.fromtimestamp(float(told) / 1000, UTC))
