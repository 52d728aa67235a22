"""A model's Grafana dashboard: the panels and alarms of core/project/watching.py over a CloudWatch data source.

The classic dashboard model, https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model,
which Grafana 11.6 to 13 import. Held to Grafana's own types by tests/cli/test_grafana.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from heirloom.core.embedded_metrics import NAMESPACE
from heirloom.core.project.definition import Project
from heirloom.core.project.watching import (
    OF_A_MODEL,
    PAGE,
    ROLLBACK,
    Alarm,
    Limit,
    Line,
    Metric,
    Panel,
    alarms,
    panels,
)

Document = dict[str, Any]

SCHEMA_VERSION = 41
"""Of Grafana 11.6; later ones read it as theirs."""
SOURCE = {"type": "cloudwatch", "uid": "${source}"}
COLUMNS, PANEL_WIDTH, PANEL_HEIGHT, TILE_WIDTH, TILE_HEIGHT = 24, 8, 8, 4, 4
_COLOURS = {PAGE: "orange", ROLLBACK: "red"}
_UNITS = {
    "share": "percentunit",
    "count": "short",
    "milliseconds": "ms",
    "seconds": "s",
    "index": "none",
    "level": "none",
    "label": "none",
}


def grafana_dashboard(project: Project, prefix: str) -> Document:
    """The dashboard of a model of the deployment with this prefix. The same project gives the same document."""
    tiles = [_tile(alarm, project.name) for alarm in alarms(project)]
    graphs = [_graph(panel, project.name) for panel in panels(project)]
    name = f"{prefix}-{project.name}"
    below = TILE_HEIGHT * (1 + (len(tiles) - 1) * TILE_WIDTH // COLUMNS)
    placed = [*_placed(tiles, TILE_WIDTH, TILE_HEIGHT, 0), *_placed(graphs, PANEL_WIDTH, PANEL_HEIGHT, below)]
    return {
        # At most 40 characters, which two names could share.
        "uid": blake2b(name.encode(), digest_size=10).hexdigest(),
        "title": name,
        "description": project.description,
        "tags": ["heirloom", project.owner],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [_source()]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(placed, 1)],
    }


def _source() -> Document:
    """The data source is chosen in Grafana: another account of the platform is another one."""
    return {"name": "source", "label": "CloudWatch", "type": "datasource", "query": "cloudwatch", "hide": 0}


def _placed(panels: Sequence[Document], width: int, height: int, top: int) -> list[Document]:
    a_row = COLUMNS // width
    return [
        {**panel, "gridPos": {"x": at % a_row * width, "y": top + at // a_row * height, "w": width, "h": height}}
        for at, panel in enumerate(panels)
    ]


def _tile(alarm: Alarm, model: str) -> Document:
    """What an alarm looks at, in the words of its state: the last value, against its threshold."""
    said = [_range(None, alarm.threshold - 0.001, "OK"), _range(alarm.threshold, None, "ALARM")]
    return {
        "type": "stat",
        "title": alarm.name,
        "description": alarm.says,
        "datasource": SOURCE,
        "targets": [_query(0, alarm.metric, alarm.statistic, alarm.name, model)],
        "fieldConfig": {
            "defaults": {
                "mappings": said,
                "noValue": "no data",
                "thresholds": _thresholds([Limit(alarm.threshold, "", ROLLBACK)], "green"),
                "color": {"mode": "thresholds"},
            },
            "overrides": [],
        },
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "orientation": "auto",
            "textMode": "value",
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "auto",
            "wideLayout": True,
            "showPercentChange": False,
            "percentChangeColorMode": "standard",
        },
    }


def _graph(panel: Panel, model: str) -> Document:
    lines = [_query(at, line.metric, line.statistic, _label(line), model) for at, line in enumerate(panel.lines)]
    return {
        "type": "timeseries",
        "title": panel.title,
        "description": " ".join([panel.says, *(f"Line at {limit.value:g}: {limit.label}." for limit in panel.limits)]),
        "datasource": SOURCE,
        "targets": lines,
        "fieldConfig": {
            "defaults": {
                "unit": _UNITS[panel.unit],
                "color": {"mode": "palette-classic"},
                "thresholds": _thresholds(panel.limits, "transparent"),
                "custom": {
                    "drawStyle": "line",
                    "lineInterpolation": "stepAfter" if panel.unit == "level" else "linear",
                    "lineWidth": 1,
                    "showPoints": "auto",
                    "thresholdsStyle": {"mode": "line" if panel.limits else "off"},
                },
            },
            "overrides": [],
        },
        "options": {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": ["lastNotNull"]},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    }


def _query(number: int, metric: Metric, statistic: str, label: str, model: str) -> Document:
    """``*`` stands for every version: Grafana makes a search of it."""
    values = {"model": model, "version": "*"}
    return {
        "refId": chr(ord("A") + number),
        "id": "",
        "datasource": SOURCE,
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "metricEditorMode": 0,
        "region": "default",
        "namespace": NAMESPACE,
        "metricName": metric.name,
        "dimensions": {name: values[name] for name in metric.dimensions},
        "matchExact": True,
        "statistic": statistic,
        "period": "auto",
        "expression": "",
        "label": label,
    }


def _label(line: Line) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html"""
    return line.label if line.metric.dimensions == OF_A_MODEL else f"{line.label} ${{PROP('Dim.version')}}"


def _thresholds(limits: Sequence[Limit], base: str) -> Document:
    """Grafana's steps rise, and the first one has no value."""
    steps = [{"color": _COLOURS[limit.severity], "value": limit.value} for limit in limits]
    rising = sorted(steps, key=lambda step: float(str(step["value"])))
    return {"mode": "absolute", "steps": [{"color": base, "value": None}, *rising]}


def _range(least: float | None, most: float | None, text: str) -> Document:
    return {"type": "range", "options": {"from": least, "to": most, "result": {"text": text}}}
