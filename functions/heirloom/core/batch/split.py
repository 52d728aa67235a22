"""From an order to a plan: which version answers, which columns it is asked, and where the file is cut into parts.

Called by the state machine's first step, and by `heirloom batch --dry-run`, which counts and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from heirloom.core.batch.asking import FIRST_ROWS
from heirloom.core.batch.plan import ADDED, MANIFEST, MOST_ROWS_A_REQUEST, Order, Part, Plan, batch_id, plan_at
from heirloom.core.batch.rows import placed_rows, text_of
from heirloom.core.dataset.csv_stream import refused
from heirloom.core.dataset.schema import Schema
from heirloom.core.errors import Invalid, InvalidData, NotFound, Problem
from heirloom.core.lineage.graph import Lineage, version_id
from heirloom.core.project.definition import Project, Serving
from heirloom.core.project.registration import registered
from heirloom.core.release.route import Route, Routes
from heirloom.core.spelling import did_you_mean
from heirloom.core.storage import Location, Objects, Stored

PART_BYTES = 6_000_000
"""A part ends with the row that reaches so many, or PART_ROWS. What it leaves is then above the 5 MiB from which on S3
copies it into the result itself, though a tenth of its rows failed."""
PART_ROWS = 20_000
"""So many at 40 ms each take most of a function's 15 minutes."""
LARGEST = 10 * 1000**3
"""Bytes of the largest file: one pass over it has to end within a function's 15 minutes."""
MOST_PARTS = 10_000
"""Each has a receipt, and JoinBatch reads them all."""


@dataclass(frozen=True)
class Cut:
    """A file's header, and its rows in parts; there is always one part, if only to write the header of the result."""

    header: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Blank lines are none."""
        return sum(part.rows for part in self.parts)

    @property
    def requests(self) -> int:
        """How many it takes when every row is good, the model is fast and no request is repeated."""
        return sum(-(-(part.rows - FIRST_ROWS) // MOST_ROWS_A_REQUEST) + 1 for part in self.parts if part.rows)


def cut(chunks: Iterable[bytes], part_bytes: int = PART_BYTES, part_rows: int = PART_ROWS) -> Cut:
    """Read a file once, and cut it after every part_bytes or part_rows. Raises InvalidData."""
    rows = placed_rows(chunks)
    first = next((row for row in rows if row.cells), None)
    if first is None:
        raise refused("file", "a header and rows", "an empty file")
    parts: list[Part] = []
    start = end = first.end
    count = done = 0
    for row in rows:
        end = row.end
        count += bool(row.cells)
        if end - start >= part_bytes or count == part_rows:
            parts.append(Part(len(parts), start, end - 1, done + 1, count))
            start, count, done = end, 0, done + count
    if count or not parts:
        parts.append(Part(len(parts), start, end - 1, done + 1, count))
    return Cut(tuple(text_of(first.cells)), tuple(parts))


def split(order: Order, routes: Routes, lineage: Lineage, objects: Objects) -> Plan:
    """Plan a batch and leave the plan and its manifest beside the parts to come.

    The same file, version and target were planned before: that plan stands, and the file is not read again. Raises
    NotFound (no such model, file or version in service) and InvalidData.
    """
    plan = begin(order, objects.describe(Location.from_uri(order.source)), routes, lineage)
    known = plan_at(plan.location, objects)
    if known is not None:
        plan = replace(known, endpoint=plan.endpoint, concurrency=plan.concurrency)
    else:
        found = cut(objects.read(plan.source.location))
        wanted = wanted_columns(plan.model, plan.version, lineage, objects)
        plan = described(plan, found, wanted)
        manifest = json.dumps([part.to_document() for part in found.parts])
        objects.write(plan.file(MANIFEST), manifest.encode(), "application/json")
    objects.write(plan.location, plan.to_json(), "application/json")
    return plan


def begin(order: Order, source: Stored, routes: Routes, lineage: Lineage) -> Plan:
    """All of a plan that is known without reading the file. Raises NotFound, Invalid."""
    registration = registered(order.model, lineage)
    route = routes.get(order.model)
    if registration is None or route is None:
        raise NotFound(f"there is no model {order.model!r}: `heirloom model list` lists them")
    if source.size > LARGEST:
        raise Invalid(f"{order.source}: expected at most {LARGEST} bytes, got {source.size}: cut it into several files")
    version = route.champion if order.version is None else order.version
    return Plan(
        model=order.model,
        version=version,
        endpoint=_endpoint(route, version),
        source=source,
        target=order.target,
        folder=f"{order.target}parts/{batch_id(order.model, version, source)}/",
        concurrency=concurrency(registration.project.serving),
        answers=answer_columns(registration.project),
    )


def described(plan: Plan, found: Cut, wanted: Sequence[str] | None) -> Plan:
    """The plan with the file's columns: those that are sent are the ``wanted`` ones, or all. Raises InvalidData."""
    header = found.header
    if len(found.parts) > MOST_PARTS:
        raise refused("file", f"at most {MOST_PARTS * PART_ROWS} rows (cut it into several files)", str(found.rows))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise refused("header", "each column once", f"{', '.join(twice)} more than once", 1)
    missing = tuple(_missing(name, header) for name in wanted or () if name not in header)
    if missing:
        raise InvalidData("\n".join(map(str, missing)), missing)
    sent = tuple(header.index(name) for name in (header if wanted is None else wanted))
    kept = tuple(place for place, name in enumerate(header) if name not in ADDED)
    return replace(plan, header=header, sent=sent, kept=kept, rows=found.rows, parts=len(found.parts))


def wanted_columns(model: str, version: int, lineage: Lineage, objects: Objects) -> tuple[str, ...] | None:
    """The features of a version, in its own order; None for a baseline whose project names none: it takes any."""
    if version == 0:
        registration = registered(model, lineage)
        features = registration.project.data.features if registration else None
        return None if features is None else tuple(features)
    node = lineage.node("version", version_id(model, version))
    if node is None:
        raise NotFound(f"version {version} of {model} is not in the lineage")
    schema = objects.read(Location.from_uri(f"{node.data['evidence_uri']}schema.json"))
    return tuple(Schema.from_document(json.loads(b"".join(schema))).features)


def concurrency(serving: Serving) -> int:
    """How many parts may be asked at once: a serverless endpoint keeps one place of its own for other callers."""
    if serving.form == "serverless":
        return max(1, serving.max_concurrency - 1)
    return 2 * serving.max_instances


def answer_columns(project: Project) -> tuple[str, ...]:
    """What a prediction has, in the words of the API."""
    return ("value",) if project.data.task == "regression" else ("label", "probability")


def _endpoint(route: Route, version: int) -> str:
    if version not in route.ready:
        there = ", ".join(map(str, sorted(route.ready)))
        raise NotFound(f"version {version} of {route.model} has no endpoint in service; those that have one: {there}")
    return route.ready[version]


def _missing(name: str, header: Sequence[str]) -> Problem:
    hint = did_you_mean(name, header)
    return Problem("header", f"the column {name}{hint}, which the model was trained on", ", ".join(header), 1)
