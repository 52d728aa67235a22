"""A model's promises as alarms and dashboards: all of them are made of one definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_sns as sns

from cli.grafana import grafana_dashboard
from heirloom.core.embedded_metrics import NAMESPACE, directive
from heirloom.core.project.definition import Data, Drift, Objective, Project, RollingAccuracy, Slo
from heirloom.core.project.reading import parse_project
from heirloom.core.project.watching import alarms, critical, panels
from infra.dashboard import Dashboard
from infra.slo import ModelSlo

FLIGHTS = Project(
    "flight-delay",
    "Made for tests.",
    "tests",
    Data("late", "classification"),
    Objective("Better than a coin.", "ours", 0.5),
)
YEARS = replace(FLIGHTS, name="artwork-year", data=Data("year", "regression"))
NEAR = replace(YEARS, slo=Slo(rolling_accuracy=RollingAccuracy(tolerance=3.0)))
QUICK = replace(FLIGHTS, slo=Slo(alarm_seconds=10))
RETRAINED = replace(FLIGHTS, drift=Drift(retrain=True))

# Alarm: metric, statistic, threshold, period, missing data, topic.
EXPECTED = {
    "accuracy-page": ("AccuracyBreach", "Maximum", 1, 60, "ignore", "Pages"),
    "accuracy-rollback": ("AccuracyBreach", "Maximum", 2, 60, "ignore", None),
    "latency-rollback": ("LatencyBreach", "Maximum", 2, 60, "ignore", None),
    "labels-overdue": ("LabelsOverdue", "Maximum", 1, 300, "ignore", "Pages"),
    "drift": ("Drift", "Maximum", 1, 300, "ignore", "Pages"),
    "probe": ("ProbeFailures", "Sum", 1, 300, "notBreaching", "Pages"),
}


@dataclass(frozen=True)
class Made:
    """What CloudFormation gets for one model."""

    resources: Mapping[str, Any]

    def of(self, kind: str) -> dict[str, Any]:
        """The properties of a type by logical id."""
        return {name: it["Properties"] for name, it in self.resources.items() if it["Type"] == kind}

    @property
    def alarms(self) -> dict[str, Any]:
        """By name, less the prefix and the model's name."""
        return {it["AlarmName"]: it for it in self.of("AWS::CloudWatch::Alarm").values()}

    @property
    def composite(self) -> dict[str, Any]:
        (found,) = self.of("AWS::CloudWatch::CompositeAlarm").values()
        return dict(found)

    @property
    def dashboard(self) -> dict[str, Any]:
        """The dashboard's body, with <..> in place of references."""
        (found,) = self.of("AWS::CloudWatch::Dashboard").values()
        document: dict[str, Any] = json.loads(_joined(found["DashboardBody"]))
        return document

    def alarm_of(self, reference: str) -> str:
        """The name of an alarm that ``_joined`` has written as a reference."""
        properties = self.resources[reference.strip("<>").partition(".")[0]]["Properties"]
        return str(properties["AlarmName"])


def _joined(value: Any) -> str:
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(map(_joined, parts))
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)


def made(project: Project) -> Made:
    return _made(json.dumps(project.to_document()))


@cache
def _made(document: str) -> Made:
    project = parse_project(json.loads(document))
    app = App()
    stack = Stack(app, "Stack")
    pages, rollbacks = sns.Topic(stack, "Pages"), sns.Topic(stack, "Rollbacks")
    slo = ModelSlo(stack, "Slo", project=project, prefix="heirloom", pages=pages, rollbacks=rollbacks)
    Dashboard(stack, "Dashboard", project=project, prefix="heirloom", alarms=slo.alarms.values())
    template = app.synth().get_stack_by_name(stack.stack_name).template
    return Made(template["Resources"])


def topics(actions: list[dict[str, str]]) -> list[str]:
    """The construct ids of the topics that actions go to."""
    return [action["Ref"].rstrip("0123456789ABCDEF") or action["Ref"] for action in actions]


@pytest.mark.parametrize("alarm", EXPECTED)
def test_an_alarm_looks_at_its_metric_of_this_model(alarm: str) -> None:
    metric, statistic, threshold, period, missing, topic = EXPECTED[alarm]

    properties = made(FLIGHTS).alarms[f"heirloom-flight-delay-{alarm}"]

    assert (properties["Namespace"], properties["MetricName"]) == ("Heirloom", metric)
    assert properties["Dimensions"] == [{"Name": "model", "Value": "flight-delay"}]
    assert (properties["Statistic"], properties["Period"], properties["Threshold"]) == (statistic, period, threshold)
    assert (properties["EvaluationPeriods"], properties["DatapointsToAlarm"]) == (1, 1)
    assert properties["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert properties["TreatMissingData"] == missing
    told = [topic] if topic else []
    assert topics(properties.get("AlarmActions", [])) == topics(properties.get("OKActions", [])) == told


def test_there_is_no_other_alarm() -> None:
    assert set(made(FLIGHTS).alarms) == {f"heirloom-flight-delay-{alarm}" for alarm in EXPECTED}


def test_whatever_asks_for_a_rollback_calls_the_one_alarm_that_makes_it() -> None:
    composite = made(FLIGHTS).composite
    rule = _joined(composite["AlarmRule"])
    causes = [made(FLIGHTS).alarm_of(part.split('"')[1]) for part in rule.split(" OR ")]

    assert composite["AlarmName"] == "heirloom-flight-delay-critical"
    assert causes == ["heirloom-flight-delay-accuracy-rollback", "heirloom-flight-delay-latency-rollback"]
    assert rule.count("ALARM(") == 2
    assert topics(composite["AlarmActions"]) == topics(composite["OKActions"]) == ["Rollbacks"]


def test_drift_is_told_to_who_can_train_where_the_project_wants_that() -> None:
    drift = made(RETRAINED).alarms["heirloom-flight-delay-drift"]

    assert topics(drift["AlarmActions"]) == topics(drift["OKActions"]) == ["Rollbacks"]


def test_alarms_on_promises_may_look_every_ten_seconds_and_the_others_need_not() -> None:
    found = {name: properties["Period"] for name, properties in made(QUICK).alarms.items()}

    assert sorted(name for name, period in found.items() if period == 10) == [
        "heirloom-flight-delay-accuracy-page",
        "heirloom-flight-delay-accuracy-rollback",
        "heirloom-flight-delay-latency-rollback",
    ]
    assert set(found.values()) == {10, 300}


def test_a_regression_that_does_not_say_how_far_off_is_right_has_no_alarm_on_its_accuracy() -> None:
    assert not [name for name in made(YEARS).alarms if "accuracy" in name]
    assert _joined(made(YEARS).composite["AlarmRule"]).count("ALARM(") == 1
    assert set(made(NEAR).alarms) == {f"heirloom-artwork-year-{alarm}" for alarm in EXPECTED}


def test_a_description_says_what_was_promised_and_where_to_read_on() -> None:
    project = replace(FLIGHTS, slo=Slo(150, RollingAccuracy(500, 0.98, 0.9)))

    found = {name.removeprefix("heirloom-flight-delay-"): it for name, it in made(project).alarms.items()}

    assert "less right than 0.98 of its test accuracy on its last 500" in found["accuracy-page"]["AlarmDescription"]
    assert "less right than 0.9 of its test accuracy" in found["accuracy-rollback"]["AlarmDescription"]
    assert "longer than 150 ms" in found["latency-rollback"]["AlarmDescription"]
    assert all("docs/" in it["AlarmDescription"] for it in found.values())


@pytest.mark.parametrize("project", [FLIGHTS, YEARS, NEAR], ids=["classification", "regression", "tolerance"])
class TestDashboards:
    """CloudWatch's and Grafana's show the same, and what the alarms look at."""

    def test_every_widget_has_its_place(self, project: Project) -> None:
        taken: set[tuple[int, int]] = set()
        for widget in made(project).dashboard["widgets"]:
            across, down = range(widget["width"]), range(widget["height"])
            cells = {(widget["x"] + x, widget["y"] + y) for x in across for y in down}
            assert not taken & cells
            assert max(x for x, _ in cells) < 24
            taken |= cells

    def test_the_panels_are_those_that_are_defined(self, project: Project) -> None:
        widgets = [it["properties"] for it in made(project).dashboard["widgets"] if it["type"] == "metric"]
        graphs = [it for it in grafana_dashboard(project, "heirloom")["panels"] if it["type"] == "timeseries"]

        assert [it["title"] for it in widgets] == [panel.title for panel in panels(project)]
        assert [it["title"] for it in graphs] == [panel.title for panel in panels(project)]

    def test_both_draw_the_same_lines(self, project: Project) -> None:
        widgets = [it["properties"] for it in made(project).dashboard["widgets"] if it["type"] == "metric"]
        graphs = [it for it in grafana_dashboard(project, "heirloom")["panels"] if it["type"] == "timeseries"]

        for panel, widget, graph in zip(panels(project), widgets, graphs, strict=True):
            defined = [(line.metric.name, line.statistic) for line in panel.lines]
            assert [_drawn(metric, project.name) for metric in widget["metrics"]] == defined
            assert [(it["metricName"], it["statistic"]) for it in graph["targets"]] == defined
            for line, target in zip(panel.lines, graph["targets"], strict=True):
                assert tuple(target["dimensions"]) == line.metric.dimensions
                assert (target["namespace"], target["dimensions"]["model"]) == (NAMESPACE, project.name)
                assert target["dimensions"].get("version", "*") == "*"

    def test_both_draw_the_same_limits(self, project: Project) -> None:
        widgets = [it["properties"] for it in made(project).dashboard["widgets"] if it["type"] == "metric"]
        graphs = [it for it in grafana_dashboard(project, "heirloom")["panels"] if it["type"] == "timeseries"]

        for panel, widget, graph in zip(panels(project), widgets, graphs, strict=True):
            defined = sorted(limit.value for limit in panel.limits)
            drawn = [it["value"] for it in widget.get("annotations", {}).get("horizontal", [])]
            steps = graph["fieldConfig"]["defaults"]["thresholds"]["steps"]
            assert sorted(drawn) == defined
            assert [step["value"] for step in steps[1:]] == defined

    def test_the_states_of_all_alarms_are_shown(self, project: Project) -> None:
        states = next(it for it in made(project).dashboard["widgets"] if it["type"] == "alarm")
        named = [made(project).alarm_of(reference) for reference in states["properties"]["alarms"]]

        expected = [alarm.name for alarm in alarms(project)]
        assert named == [f"heirloom-{project.name}-{name}" for name in (*expected, critical(project).name)]

    def test_a_tile_of_grafana_is_an_alarm(self, project: Project) -> None:
        tiles = [it for it in grafana_dashboard(project, "heirloom")["panels"] if it["type"] == "stat"]
        found = made(project).alarms

        assert len(tiles) == len(found)
        for tile in tiles:
            properties, (target,) = found[f"heirloom-{project.name}-{tile['title']}"], tile["targets"]
            assert (target["metricName"], target["statistic"]) == (properties["MetricName"], properties["Statistic"])
            thresholds = tile["fieldConfig"]["defaults"]["thresholds"]
            assert [step["value"] for step in thresholds["steps"]] == [None, properties["Threshold"]]


def _drawn(metric: list[Any], model: str) -> tuple[str, str]:
    """Name and statistic of a line of a widget, which is of this model."""
    if len(metric) == 1:
        schema, terms = f"{{{NAMESPACE},model,version}}", f'model="{model}" MetricName="'
        search = metric[0]["expression"]
        assert search.startswith(f"SEARCH('{schema} {terms}")
        name, _, rest = search.removeprefix(f"SEARCH('{schema} {terms}").partition("\"', '")
        return name, rest.removesuffix("')")
    namespace, name, dimension, value, options = metric
    assert (namespace, dimension, value) == (NAMESPACE, "model", model)
    return name, options.get("stat", "Average")


def test_the_promises_of_the_project_are_lines_on_the_panels() -> None:
    project = replace(FLIGHTS, slo=Slo(150, RollingAccuracy(500, 0.98, 0.9)))
    limits = {
        it["properties"]["title"]: [limit["value"] for limit in it["properties"]["annotations"]["horizontal"]]
        for it in made(project).dashboard["widgets"]
        if it["properties"].get("annotations")
    }

    assert limits == {
        "Accuracy, of the test accuracy": [0.98, 0.9],
        "Latency": [150],
        "Drift": [0.2],
        "Breaches": [1, 2],
    }


def test_every_metric_is_published_in_the_unit_that_its_panel_says() -> None:
    units = {"milliseconds": "Milliseconds", "seconds": "Seconds", "count": "Count", "level": "Count"}
    for panel in (*panels(FLIGHTS), *panels(YEARS)):
        for line in panel.lines:
            (published,) = directive(line.metric.dimensions, [line.metric.name])["Metrics"]
            assert published["Unit"] == units.get(panel.unit, "None"), line.metric.name
