"""What idle costs is what docs/infrastructure.md says, counted in the templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from infra import REPOSITORY
from infra.build import build_layer
from infra.platform import HeirloomApp
from tests.infra.synthesis import Stacks

# Dollars a month, us-east-1: https://aws.amazon.com/cloudwatch/pricing/.
STANDARD, FINE, COMPOSITE, DASHBOARD = 0.10, 0.30, 0.50, 3.00
FREE_DASHBOARDS = 3
PAGE = (REPOSITORY / "docs" / "infrastructure.md").read_text()
MODELS = 2


def metrics_of(alarm: dict[str, Any]) -> list[int]:
    """The periods of the metrics that an alarm looks at: each is billed. A composite one looks at none."""
    if "AlarmRule" in alarm:
        return []
    if "Metrics" in alarm:
        return [query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query]
    return [alarm["Period"]]


def price(alarms: Iterable[dict[str, Any]]) -> float:
    """Of alarms on metrics and of composite ones."""
    dollars = 0.0
    for alarm in alarms:
        prices = [FINE if period < 60 else STANDARD for period in metrics_of(alarm)]
        dollars += sum(prices) or COMPOSITE
    return round(dollars, 2)


def alarms(stacks: Stacks) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those of models, and the platform's own."""
    found = [
        it["Properties"]
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for it in stacks.resources(kind).values()
    ]
    of_models = [alarm for alarm in found if str(alarm.get("AlarmName", "")).startswith("heirloom-tiny")]
    return of_models, [alarm for alarm in found if alarm not in of_models]


def said(what: str) -> tuple[int, float]:
    """How many, and for how much, a row of the page says."""
    found = re.search(rf"^\| (\d+) {re.escape(what)}.*\| \$([\d.]+)[^|]*\|$", PAGE, re.MULTILINE)
    assert found is not None, f"no row of {what}"
    return int(found[1]), float(found[2])


def test_the_alarms_of_a_model(aws: Stacks) -> None:
    of_models, _ = alarms(aws)

    assert (len(of_models) // MODELS, round(price(of_models) / MODELS, 2)) == said("alarms a model")


def test_the_alarms_of_the_platform(aws: Stacks) -> None:
    _, own = alarms(aws)

    assert (len(own), price(own)) == said("alarms of the platform")


def test_the_dashboards_of_two_models_are_free(aws: Stacks) -> None:
    assert len(aws.resources("AWS::CloudWatch::Dashboard")) == MODELS <= FREE_DASHBOARDS


def test_what_two_models_cost_is_their_sum(aws: Stacks) -> None:
    found = re.search(r"Two models, as in this repository, cost \$([\d.]+) idle", PAGE)

    assert found is not None
    assert float(found[1]) == round(sum(map(price, alarms(aws))), 2)


def test_the_resources_of_a_model(aws: Stacks) -> None:
    """CloudFormation takes 500 a stack."""
    resources = aws.template("Platform")["Resources"]
    of_a_model = [
        name for name in resources if name.startswith("Modelstiny") and not name.startswith("Modelstinylarge")
    ]
    words = {20: "twenty", 21: "twenty-one", 22: "twenty-two"}

    assert f"A model is {words[len(of_a_model)]} resources" in " ".join(PAGE.split())
    room = re.search(r"500\s+resources a stack: about (\d+) models", PAGE)
    assert room is not None
    own = len(resources) - len([name for name in resources if name.startswith("Modelstiny")])
    assert (500 - own) // len(of_a_model) - 3 <= int(room[1]) <= (500 - own) // len(of_a_model)


@pytest.fixture(scope="module")
def bare(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """A deployment without dashboards."""
    build_layer("aws")
    folder = tmp_path_factory.mktemp("bare")
    context = {"target": "aws", "models": str(models), "dashboards": "false"}
    app = HeirloomApp(context=context, outdir=str(folder))
    app.synth()
    return Stacks(app, folder)


def test_dashboards_can_be_left_out_and_nothing_else_goes_with_them(aws: Stacks, bare: Stacks) -> None:
    gone = aws.resources().keys() - bare.resources().keys()

    assert {aws.resources()[name]["Type"] for name in gone} == {"AWS::CloudWatch::Dashboard"}
    assert "AWS::CloudWatch::Dashboard" not in json.dumps(bare.template("Platform"))
