"""The promises of one model as alarms: people hear of a breach, and the rollback of one that asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from heirloom.core.embedded_metrics import NAMESPACE
from heirloom.core.project.definition import Project
from heirloom.core.project.watching import (
    IGNORE,
    NOT_BREACHING,
    PAGES,
    ROLLBACKS,
    Alarm,
    Composite,
    alarm_name,
    alarms,
    critical,
)

_MISSING = {IGNORE: cloudwatch.TreatMissingData.IGNORE, NOT_BREACHING: cloudwatch.TreatMissingData.NOT_BREACHING}


class ModelSlo(Construct):
    """The alarms of core/project/watching.py. Their names tell people, the pager and `heirloom slo` what they are of.

    ``alarms``: all of them by their short names, the composite one too.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        prefix: str,
        pages: sns.ITopic,
        rollbacks: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._project = project
        self._prefix = prefix
        self._topics = {PAGES: actions.SnsAction(pages), ROLLBACKS: actions.SnsAction(rollbacks)}
        of_metrics: Mapping[str, cloudwatch.AlarmBase] = {alarm.name: self._alarm(alarm) for alarm in alarms(project)}
        composite = critical(project)
        self.alarms = {**of_metrics, composite.name: self._composite(composite, of_metrics)}

    def _alarm(self, alarm: Alarm) -> cloudwatch.Alarm:
        made = cloudwatch.Alarm(
            self,
            _id(alarm.name),
            alarm_name=alarm_name(self._prefix, self._project.name, alarm.name),
            alarm_description=alarm.says,
            metric=cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name=alarm.metric.name,
                dimensions_map={"model": self._project.name},
                statistic=alarm.statistic,
                period=Duration.seconds(alarm.seconds),
            ),
            threshold=alarm.threshold,
            evaluation_periods=1,
            datapoints_to_alarm=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=_MISSING[alarm.missing],
        )
        if alarm.topic:
            self._tell(made, alarm.topic)
        return made

    def _composite(
        self, composite: Composite, of_metrics: Mapping[str, cloudwatch.AlarmBase]
    ) -> cloudwatch.CompositeAlarm:
        causes = [
            cloudwatch.AlarmRule.from_alarm(of_metrics[name], cloudwatch.AlarmState.ALARM) for name in composite.any_of
        ]
        made = cloudwatch.CompositeAlarm(
            self,
            _id(composite.name),
            composite_alarm_name=alarm_name(self._prefix, self._project.name, composite.name),
            alarm_description=composite.says,
            alarm_rule=cloudwatch.AlarmRule.any_of(*causes),
        )
        self._tell(made, composite.topic)
        return made

    def _tell(self, alarm: cloudwatch.AlarmBase, topic: str) -> None:
        """Of its begin and of its end: what has been opened has to be closed."""
        alarm.add_alarm_action(self._topics[topic])
        alarm.add_ok_action(self._topics[topic])


def _id(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
