"""Labels, ReadLabels: S3 "Object Created" below labels/, and where the last call has ended; takes the next stretch."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction.label_file import LabelFiles
from heirloom.core.prediction.label_reading import Reading, Taking, pause
from heirloom.core.prediction.label_report import Drop, Report
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, taking: Taking, files: LabelFiles, objects: Objects, clock: Clock) -> dict[str, Any]:
    before = Report.from_document(event["read"]["report"]) if "read" in event else None
    report = Reading(Drop.from_event(event), taking, files, objects, clock).go_on(before)
    if report is None:
        return {"again": False, "seconds": 0, "report": None}
    return {"again": not report.over, "seconds": pause(report), "report": report.to_document()}


lambda_handler = entrypoint(
    handle, taking=wiring.taking, files=wiring.label_files, objects=wiring.objects, clock=wiring.clock
)
