"""Batch, PredictPart: ask the version's endpoint about the rows of one part; a part that is done is not asked again."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.batch.asking import Time
from heirloom.core.batch.part import predict_part
from heirloom.core.batch.plan import Part, read_plan
from heirloom.core.prediction.answer import Endpoints
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, objects: Objects, endpoints: Endpoints, watch: Time) -> dict[str, Any]:
    plan = read_plan(event["plan"], objects)
    return asdict(predict_part(plan, Part(**event["part"]), objects, endpoints, watch))


lambda_handler = entrypoint(handle, objects=wiring.objects, endpoints=wiring.patient_endpoints, watch=lambda: time)
