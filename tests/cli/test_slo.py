"""`heirloom slo`: promises, over every port in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryLineage, MemoryRoutes, MemoryWatches
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.monitor import Monitor, Observation
from heirloom.core.monitoring.observation import Outcome, Outcomes, Requests
from heirloom.core.monitoring.standard import Standard
from heirloom.core.prediction.answer import new_ids
from heirloom.core.project.definition import Data, Objective, Project, RollingAccuracy, Slo
from heirloom.core.release.change import open_route
from heirloom.core.release.route import Mark
from tests.cli.conftest import Run

AT = "2026-11-28T15:00:00.000Z"
NOW = datetime(2026, 11, 28, 15, 0, 10, tzinfo=UTC)
PROJECT = Project(
    "wine",
    "Made for tests.",
    "tests",
    Data("colour", "classification"),
    Objective("Better than a coin.", "accuracy", 0.5),
    slo=Slo(rolling_accuracy=RollingAccuracy(window=100, rule="naive")),
    slices=("grape",),
)


@dataclass
class Deployed:
    """The ports, and a session whose alarms are in the states that the test wants."""

    project: Project = PROJECT
    reference: Reference | None = field(default_factory=lambda: Reference(0.9, 2000))
    watches: MemoryWatches = field(default_factory=MemoryWatches)
    states: dict[str, str] = field(default_factory=dict)
    now: datetime = NOW

    def __post_init__(self) -> None:
        lineage = MemoryLineage()
        self.routes = MemoryRoutes(lineage)
        open_route("wine", "heirloom-wine-v0", Mark("deploy", AT, "a test"), self.routes, lineage)

    @property
    def standards(self) -> Deployed:
        return self

    def of(self, model: str, version: int) -> Standard:
        return Standard(self.project, self.reference, None)

    def see(self, *observations: Observation) -> None:
        self.now += timedelta(seconds=1)
        Monitor(self.watches, self, self.routes, lambda line: None, self.now).observe(observations)

    def output(self, name: str) -> str:
        return {"Prefix": "heirloom"}[name]

    def client(self, service: str) -> Deployed:
        assert service == "cloudwatch"
        return self

    def describe_alarms(self, AlarmNames: Sequence[str], AlarmTypes: Sequence[str]) -> dict[str, Any]:  # noqa: N803
        kinds: dict[str, list[dict[str, Any]]] = {kind: [] for kind in ("MetricAlarms", "CompositeAlarms")}
        for name, state in self.states.items():
            assert name in AlarmNames
            kind = "CompositeAlarms" if name.endswith("-critical") else "MetricAlarms"
            assert kind.removesuffix("s") in AlarmTypes
            kinds[kind].append({"AlarmName": name, "StateValue": state, "StateUpdatedTimestamp": NOW})
        return kinds


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A model whose baseline answers."""
    deployed = Deployed()
    monkeypatch.setattr("cli.options.open_session", lambda out, *, local: deployed)
    monkeypatch.setattr("cli.slo.Ports", lambda session: deployed)
    return deployed


def labels(right: int, wrong: int, name: str = "a") -> Outcomes:
    ids = new_ids(right + wrong, NOW)
    found = [
        Outcome(identity, place < right, seconds=90.0, slices={"grape": "nero" if place % 2 else "gamay"})
        for place, identity in enumerate(ids)
    ]
    return Outcomes(name, "wine", 0, AT, tuple(found))


def rows(text: str, begins: str) -> list[list[str]]:
    """The cells of the lines that begin so."""
    return [line.split("  ") for line in text.splitlines() if line.startswith(begins)]


def cells(text: str, begins: str) -> list[str]:
    (line,) = rows(text, begins)
    return [cell.strip() for cell in line if cell.strip()]


def test_shows_each_promise_with_what_is_left_of_its_budget(cli: Run, deployed: Deployed) -> None:
    deployed.states = {"heirloom-wine-accuracy-page": "OK", "heirloom-wine-critical": "OK"}
    deployed.see(Requests("r", "wine", 0, AT, 300, "0" * 97 + "111"), labels(90, 10))

    ran = cli("slo", "show", "wine")

    assert ran.code == 0
    assert cells(ran.out, "right answers, else people are paged")[1:] == [
        *("87.3%", "90.0%", "82.6% to 94.5%", "100", "2 of 12", "OK"),
    ]
    assert cells(ran.out, "right answers, else a rollback")[1:] == [
        *("85.5%", "90.0%", "82.6% to 94.5%", "100", "4 of 14", "not there"),
    ]
    assert cells(ran.out, "answers within 2000 ms, else a rollback")[1:5] == ["95.0%", "97.0%", "91.5% to 99.0%", "100"]
    assert "held to:  90.0% right of 2,000 test rows, by the naive rule" in ran.out
    assert "labels:   100 of 300 predictions (33%), 1 min 30 s after them on average, the last 20" in ran.out
    assert "drift not there, probe not there, critical OK" in ran.out


def test_shows_an_open_breach_and_an_overdrawn_budget(cli: Run, deployed: Deployed) -> None:
    deployed.states = {"heirloom-wine-accuracy-page": "ALARM"}
    deployed.see(labels(86, 14))

    ran = cli("slo", "show", "wine")

    assert cells(ran.out, "right answers, else people are paged")[-2:] == ["-2 of 12", "ALARM"]
    assert "breach wine/accuracy/v0/2026-11-28T15:00:11.000Z, since 20" in ran.out
    assert ": 86 of the newest 100 labelled predictions were right" in ran.out


def test_shows_where_it_is_wrong_most(cli: Run, deployed: Deployed) -> None:
    deployed.see(labels(80, 20))

    ran = cli("slo", "show", "wine")

    assert cells(ran.out, "grape gamay") == ["grape gamay", "20.0%", "11.2% to 33.0%", "10", "50"]


def test_says_how_many_slices_it_leaves_out(cli: Run, deployed: Deployed) -> None:
    found = [
        Outcome(identity, place % 2 == 0, slices={"grape": str(place)})
        for place, identity in enumerate(new_ids(13, NOW))
    ]
    deployed.see(Outcomes("a", "wine", 0, AT, tuple(found)))

    ran = cli("slo", "show", "wine")

    assert "and 3 more: --json has all" in ran.err
    assert len(cli("slo", "show", "wine", "--json").document["slices"]) == 13


def test_shows_a_version_of_which_nothing_is_known(cli: Run, deployed: Deployed) -> None:
    deployed.reference = None

    ran = cli("slo", "show", "wine", "--version", "7")

    assert ran.code == 0
    assert "held to:  nothing: it has no test accuracy" in ran.out
    assert "labels:   none yet, of 0 predictions" in ran.out
    assert cells(ran.out, "right answers, else people are paged")[1:] == ["-", "-", "-", "0", "-", "not there"]


def test_answers_in_json_with_the_states_of_the_alarms(cli: Run, deployed: Deployed) -> None:
    deployed.states = {"heirloom-wine-drift": "ALARM", "heirloom-wine-critical": "INSUFFICIENT_DATA"}
    deployed.see(labels(9, 1))

    document = cli("slo", "show", "wine", "--json").document

    assert {each["alarm"]: each["state"] for each in document["alarms"]} == {
        "accuracy-page": None,
        "accuracy-rollback": None,
        "latency-rollback": None,
        "labels-overdue": None,
        "drift": "ALARM",
        "probe": None,
        "critical": "INSUFFICIENT_DATA",
    }
    assert (document["version"], document["promises"][0]["left"]) == (0, 11)


def test_knows_no_model_that_is_not_deployed(cli: Run, deployed: Deployed) -> None:
    ran = cli("slo", "show", "beer")

    assert (ran.code, "there is no model 'beer'" in ran.err) == (2, True)


@pytest.fixture
def wine(cli: Run, workspace: Path) -> Path:
    """models/wine, a classification held to the naive rule, which is checked at once."""
    cli("project", "init", "wine")
    file = workspace / "models" / "wine" / "model.yaml"
    text = file.read_text().replace("at_least: FILL IN", "at_least: 0.9").replace("FILL IN", "colour")
    file.write_text(f"{text}slo:\n  rolling_accuracy: {{rule: naive}}\n")
    return file


@pytest.mark.parametrize("words", [[], ["wine"], ["models/wine"]])
def test_says_before_the_deploy_whether_a_promise_can_be_quick_and_sure(cli: Run, wine: Path, words: list[str]) -> None:
    ran = cli("slo", "check", *words, "--accuracy", "0.8", "--rows", "2000")

    assert ran.code == 0
    assert "models/wine, accuracy 0.8 on 2,000 test rows, the naive rule on the last 1,000 labels:" in ran.out
    assert cells(ran.out, "20%") == ["20%", "151 labels", "251 labels"]
    assert cells(ran.out, "5%")[2] == "not within 10,000 labels"
    assert "warning: at accuracy 0.80 a 95% rule on 1,000 labels cannot be both quick and sure" in ran.out


def test_checks_a_promise_for_several_accuracies(cli: Run, wine: Path) -> None:
    checked = cli("slo", "check", "wine", "--json").document["checked"]

    assert [(each["accuracy"], each["test_rows"], each["window"]) for each in checked] == [
        *((0.8, 2000, 1000), (0.9, 2000, 1000), (0.95, 2000, 1000)),
    ]
    assert [each["rollback"] for each in checked] == [2500, 1112, 527]


def test_has_nothing_to_check_where_no_accuracy_is_promised(cli: Run, wine: Path) -> None:
    wine.write_text(wine.read_text().replace("metric: accuracy", "metric: r2"))

    ran = cli("slo", "check", "wine")

    assert (ran.code, ran.out) == (0, "")
    assert "models/wine promises no accuracy: slo.rolling_accuracy.tolerance" in ran.err


def test_checks_nothing_where_there_is_no_project(cli: Run) -> None:
    ran = cli("slo", "check")

    assert ran.code == 2
    assert "heirloom project init NAME" in ran.err


def test_prints_a_dashboard_that_grafana_imports(cli: Run, wine: Path) -> None:
    ran = cli("slo", "grafana", "wine", "--prefix", "trial")

    dashboard = json.loads(ran.out)
    assert dashboard["title"] == "trial-wine"
    assert cli("slo", "grafana", "wine", "--prefix", "trial", "--json").document == dashboard


def test_says_which_project_there_is_not(cli: Run) -> None:
    ran = cli("slo", "grafana", "beer")

    assert ran.code == 2
    assert "is not a model project" in ran.err
