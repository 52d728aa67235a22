"""What is watched of a model: core/project/watching.py. What is made of it: tests/infra/test_slo.py."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import heirloom
from heirloom.core.incident.message import ALARMS
from heirloom.core.monitoring.breach import Severity
from heirloom.core.project import watching
from heirloom.core.project.definition import Data, Objective, Project, RollingAccuracy, Slo
from heirloom.core.project.watching import PAGE, PAGES, ROLLBACK, ROLLBACKS, alarm_name, alarms, critical, panels

FLIGHTS = Project(
    "flight-delay",
    "Made for tests.",
    "tests",
    Data("late", "classification"),
    Objective("Better than a coin.", "accuracy", 0.5),
)
YEARS = replace(FLIGHTS, name="artwork-year", data=Data("year", "regression"))
MENTIONED = ("watching.py", "embedded_metrics.py")  # which name metrics and publish none
NEAR = replace(YEARS, slo=Slo(rolling_accuracy=RollingAccuracy(tolerance=3.0)))


def test_an_alarm_is_named_for_its_deployment_and_its_model() -> None:
    assert alarm_name("trial", "flight-delay", "probe") == "trial-flight-delay-probe"


def test_people_are_told_of_all_but_what_is_rolled_back_by_itself() -> None:
    silent = {alarm.name for alarm in alarms(FLIGHTS) if alarm.topic is None}

    assert {alarm.topic for alarm in alarms(FLIGHTS)} == {PAGES, None}
    assert silent == set(critical(FLIGHTS).any_of) == {"accuracy-rollback", "latency-rollback"}
    assert critical(FLIGHTS).topic == ROLLBACKS


def test_the_accuracy_of_a_regression_is_watched_when_it_says_how_far_off_is_right() -> None:
    assert [project.watches_accuracy for project in (FLIGHTS, YEARS, NEAR)] == [True, False, True]
    assert {alarm.name for alarm in alarms(FLIGHTS)} - {alarm.name for alarm in alarms(YEARS)} == {
        *("accuracy-page", "accuracy-rollback"),
    }
    assert [alarm.name for alarm in alarms(NEAR)] == [alarm.name for alarm in alarms(FLIGHTS)]
    assert critical(YEARS).any_of == ("latency-rollback",)


def test_a_regression_shows_its_error_and_what_is_watched_of_its_accuracy() -> None:
    shown = {
        project.name + str(project.watches_accuracy): [panel.title for panel in panels(project)]
        for project in (FLIGHTS, YEARS, NEAR)
    }

    assert "Error" not in shown["flight-delayTrue"]
    assert shown["artwork-yearFalse"][0] == "Error"
    assert shown["artwork-yearTrue"][:3] == ["Accuracy, of the test accuracy", "Accuracy", "Error"]


def test_thresholds_are_the_severities_of_breaches() -> None:
    assert (PAGE, ROLLBACK) == (Severity.PAGE, Severity.ROLLBACK)


def test_the_pager_knows_every_alarm() -> None:
    assert set(ALARMS) == {*(alarm.name for alarm in alarms(FLIGHTS)), critical(FLIGHTS).name}


def test_every_metric_is_published_by_some_function() -> None:
    metrics = [found for found in vars(watching).values() if isinstance(found, watching.Metric)]
    sources = [file for file in Path(heirloom.__file__).parent.rglob("*.py") if file.name not in MENTIONED]
    nodes = (node for file in sources for node in ast.walk(ast.parse(file.read_text())))
    published = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    assert metrics
    assert [metric.name for metric in metrics if metric.name not in published] == []
