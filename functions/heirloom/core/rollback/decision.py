"""Whether a version that breaks a promise is taken back, and to which one: the rules, in their order. Pure.

Each rule that is looked at leaves a check, which people see in the incident; the first that fails decides. What costs a
model's time is asked last, and only when all before speaks for a rollback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from heirloom.core.lineage.graph import Document
from heirloom.core.monitoring.breach import ACCURACY, Breach
from heirloom.core.release.route import Route
from heirloom.core.rollback.history import automatic, made_for, tenure
from heirloom.core.rollback.paired import Comparison

Action = Literal["rollback", "page", "nothing"]

SKEW = timedelta(minutes=1)
"""How far two functions' clocks may be apart."""
COOLDOWN = timedelta(hours=24)
"""How long a champion that an automatic rollback made is not rolled back automatically itself, and the time in which
automatic rollbacks are counted."""
FLAPS = 2
"""After so many of them in that time the route is frozen: releases go wrong faster than people look."""


@dataclass(frozen=True)
class Check:
    """A rule, whether it speaks for a rollback, and what it saw, for people."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Decision:
    """``reason`` is a sentence. ``freeze``: the route takes no promotion until a person thaws it. ``retrain``: the
    world has changed, so a model of the newest data may do better. ``problem``: why people are needed though the route
    was moved; None where nothing is known of one."""

    action: Action
    target: int | None
    reason: str
    checks: tuple[Check, ...]
    freeze: bool = False
    retrain: bool = False
    problem: str | None = None

    @property
    def moves(self) -> bool:
        """Whether the route is changed for it."""
        return self.action == "rollback" or self.freeze

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "checks": [asdict(check) for check in self.checks]}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Decision:
        """What ``to_document`` wrote."""
        return cls(**{**document, "checks": tuple(Check(**check) for check in document["checks"])})


@dataclass(frozen=True)
class Case:
    """A breach and what is known when it is decided.

    ``version`` is the one to be left, as the route numbers it; ``broken`` are those whose own breach lasts.
    ``changes`` are the route's since it was opened, newest first.
    """

    breach: Breach
    version: int
    route: Route
    changes: Sequence[Document]
    broken: frozenset[int]
    now: datetime


class Earlier(Protocol):
    """Asks earlier versions. Raises Denied, and Unavailable where nothing can be said of a version."""

    def ailment(self, version: int, endpoint: str) -> str | None:
        """Why the version does not answer its health check; None when it does."""

    def comparison(self, version: int, endpoint: str) -> Comparison:
        """How it did on the inputs of the breach, beside the version to be left."""


def decide(case: Case, earlier: Earlier) -> Decision:
    """The decision. Raises what ``earlier`` raises."""
    checks: list[Check] = []
    for rule in _RULES:
        checks.append(rule.check(case))
        if not checks[-1].passed:
            return Decision(rule.otherwise, None, checks[-1].detail, tuple(checks), freeze=rule.freeze)
    target, found = _target(case, earlier)
    checks.append(found)
    if target is None:
        return Decision("page", None, found.detail, tuple(checks))
    comparison = earlier.comparison(target, case.route.ready[target])
    helps = Check("helps", comparison.helps, comparison.sentence(target, case.version))
    checks.append(helps)
    if helps.passed:
        return Decision("rollback", target, f"{_why(case.breach)}; {helps.detail}", tuple(checks))
    changed = case.breach.slo == ACCURACY and comparison.pairs > 0
    reason = f"going back to version {target} would not help: {helps.detail}"
    return Decision("page", None, reason, tuple(checks), retrain=changed)


@dataclass(frozen=True)
class _Rule:
    """What is decided where the check fails."""

    check: Callable[[Case], Check]
    otherwise: Action
    freeze: bool = False


def _champion(case: Case) -> Check:
    """A version that left, or came back after the breach began, has been judged by somebody already."""
    name, champion, reign = "champion", case.route.champion, tenure(case.changes)
    if champion != case.version:
        who = f"{case.route.action} by {case.route.change.by}: {case.route.change.reason}"
        return Check(name, False, f"version {case.version} does not answer any more, version {champion} does ({who})")
    if reign and datetime.fromisoformat(case.breach.began_at) < reign.since - SKEW:
        return Check(name, False, f"version {case.version} answers again since {_told(reign.since)}, after the breach")
    return Check(name, True, f"version {case.version} answers, as it did when the breach began")


def _undecided(case: Case) -> Check:
    change = made_for(case.changes, case.breach.id)
    if change is None:
        return Check("undecided", True, "the route was not changed for this breach before")
    return Check("undecided", False, f"the route was changed for this breach already: revision {change['revision']}")


def _not_frozen(case: Case) -> Check:
    frozen = case.route.frozen
    if frozen is None:
        return Check("not frozen", True, "nobody has frozen the route")
    return Check("not frozen", False, f"{frozen.by} has frozen the route since {frozen.at}: {frozen.reason}")


def _first_of_deployment(case: Case) -> Check:
    """One automatic rollback a deployment: a second one would chase what no rollback mends."""
    name, reign = "first rollback", tenure(case.changes)
    if reign and reign.by_rollback and reign.since > case.now - COOLDOWN:
        return Check(name, False, f"an automatic rollback came to version {case.version} itself, {_told(reign.since)}")
    return Check(name, True, f"no automatic rollback came to version {case.version} lately")


def _steady(case: Case) -> Check:
    count = len(automatic(case.changes, case.now - COOLDOWN))
    hours = f"{COOLDOWN.total_seconds() / 3600:.0f} hours"
    said = f"{count} automatic rollbacks in the last {hours} without a person's change of the route"
    return Check("steady", count < FLAPS, said)


_RULES = (
    _Rule(_champion, "nothing"),
    _Rule(_undecided, "nothing"),
    _Rule(_not_frozen, "page"),
    _Rule(_first_of_deployment, "page"),
    _Rule(_steady, "page", freeze=True),
)


def _target(case: Case, earlier: Earlier) -> tuple[int | None, Check]:
    """The newest earlier version that is good and answers, down to the baseline, and why those after it are not."""
    passed_over: list[str] = []
    for version in sorted((each for each in case.route.ready if each < case.version), reverse=True):
        unfit = _unfit(case, version) or earlier.ailment(version, case.route.ready[version])
        if unfit is None:
            found = f"version {version} is ready, was not marked as bad and answers its health check"
            return version, Check("target", True, "; ".join([*passed_over, found]))
        passed_over.append(f"version {version}: {unfit}")
    told = "; ".join(passed_over) or "none is ready"
    return None, Check("target", False, f"there is no earlier version to go back to: {told}")


def _unfit(case: Case, version: int) -> str | None:
    mark = case.route.quarantined.get(version)
    if mark is not None:
        return f"quarantined by {mark.by}: {mark.reason}"
    return "breaks a promise itself" if version in case.broken else None


def _why(breach: Breach) -> str:
    return str(breach.evidence.get("reason") or f"the {breach.slo} promise is broken")


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
