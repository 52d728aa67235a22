"""The CloudWatch dashboard of one model: the panels of core/project/watching.py, and the states of its alarms."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from heirloom.core.embedded_metrics import NAMESPACE
from heirloom.core.project.definition import Project
from heirloom.core.project.watching import OF_A_MODEL, PAGE, ROLLBACK, Line, Panel, panels

# A dashboard is 24 columns wide: three panels a row.
WIDTH, HEIGHT, PANELS_A_ROW = 8, 6, 3
PERIOD = Duration.minutes(1)
_COLOURS = {PAGE: cloudwatch.Color.ORANGE, ROLLBACK: cloudwatch.Color.RED}
_AXES = {
    "share": "share",
    "count": "count",
    "milliseconds": "ms",
    "seconds": "s",
    "index": "PSI",
    "level": "severity",
    "label": "in the label's unit",
}


class Dashboard(Construct):
    """The account's fourth dashboard and each one after it costs $3 a month."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        prefix: str,
        alarms: Iterable[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, construct_id)
        self._model = project.name
        graphs = [self._graph(panel) for panel in panels(project)]
        states = cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=WIDTH * PANELS_A_ROW, height=3)
        rows = [graphs[first : first + PANELS_A_ROW] for first in range(0, len(graphs), PANELS_A_ROW)]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"{prefix}-{project.name}",
            default_interval=Duration.days(1),
            widgets=[[states], *rows],
        )

    def _graph(self, panel: Panel) -> cloudwatch.GraphWidget:
        limits = [
            cloudwatch.HorizontalAnnotation(value=limit.value, label=limit.label, color=_COLOURS[limit.severity])
            for limit in panel.limits
        ]
        return cloudwatch.GraphWidget(
            title=panel.title,
            left=[self._line(line) for line in panel.lines],
            left_annotations=limits,
            left_y_axis=cloudwatch.YAxisProps(label=_AXES[panel.unit], show_units=False),
            period=PERIOD,
            width=WIDTH,
            height=HEIGHT,
        )

    def _line(self, line: Line) -> cloudwatch.IMetric:
        """A line of the model's; or all its versions', found when somebody looks: nobody knows them here.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html: quotation marks
        mean the whole value.
        """
        if line.metric.dimensions == OF_A_MODEL:
            return cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=line.metric.name,
                dimensions_map={"model": self._model},
                statistic=line.statistic,
                label=line.label,
                period=PERIOD,
            )
        schema = ",".join((NAMESPACE, *line.metric.dimensions))
        terms = f'model="{self._model}" MetricName="{line.metric.name}"'
        return cloudwatch.SearchExpression(
            expression=f"SEARCH('{{{schema}}} {terms}', '{line.statistic}')",
            label=f"{line.label} ${{PROP('Dim.version')}}",
            period=PERIOD,
        )
