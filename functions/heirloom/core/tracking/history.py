"""The points of a run's metrics: what was logged together is one document, so that 100 points cost what one costs.

Its id says what is in it: ``k#<key>#..`` the points of one metric, ``m#..`` those of several. So the history of a
metric is in the documents of its own and in those of several, and no other one is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from heirloom.core.errors import Invalid
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document, Documents
from heirloom.core.tracking.ids import partition_of_history
from heirloom.core.tracking.run import Point
from heirloom.core.tracking.runs import named
from heirloom.core.tracking.search.page import page
from heirloom.core.tracking.tracking import Answer, Tracking

MOST_RUNS, MOST_POINTS = 100, 25_000
"""Of a request for the histories of several runs."""
_SEVERAL = "m#"


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET metrics/get-history, in pages where somebody wants that."""
    identity, key = named(asked), asked.needed("metric_key")
    points = of(identity, key, tracking)
    most = asked.whole("max_results") or max(1, len(points))
    shown, token = page(points, most, asked.text("page_token"), repr((identity, key)))
    told = [point.to_document() for point in shown]
    return {"metrics": told, **({"next_page_token": token} if token else {})}


def get_bulk(asked: Asked, tracking: Tracking) -> Answer:
    """GET metrics/get-history-bulk: of one metric the histories of several runs, which the UI draws."""
    runs = asked.texts("run_id")
    if not runs:
        raise Invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    check_runs(runs, "GetMetricHistoryBulk request cannot specify more than")
    if not asked.has("metric_key"):
        raise Invalid("GetMetricHistoryBulk request must specify a metric_key.")
    key, most = asked.text("metric_key"), min(asked.whole("max_results", MOST_POINTS), MOST_POINTS)
    told = [{**point.to_document(), "run_id": run} for run in sorted(runs) for point in of(run, key, tracking)]
    return {"metrics": told[:most]}


def of(run: str, key: str, tracking: Tracking) -> list[Point]:
    """All points of a metric, each once, by time, step and value; none of a run that is not there, as in MLflow."""
    partition, documents = partition_of_history(run), tracking.documents
    stored = (document for start in (_own(key), _SEVERAL) for document in documents.of(partition, start))
    found = (point for document in stored for point in _points(document, key))
    points = {(point.timestamp, point.step, repr(point.value)): point for point in found}
    return sorted(points.values(), key=lambda point: (point.timestamp, *point.newer))


def keep(run: str, points: Sequence[Point], documents: Documents) -> None:
    """Store them; the same points again are the same document."""
    documents.put(document_of(run, points))


def document_of(run: str, points: Sequence[Point]) -> Document:
    """Points that were logged together, at least one."""
    told = [point.to_document() for point in points]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]
    keys = {point.key for point in points}
    start = _own(points[0].key) if len(keys) == 1 else _SEVERAL
    return Document(partition_of_history(run), f"{start}{points[0].timestamp:015d}#{digest}", {"points": told})


def check_runs(runs: Sequence[str], words: str) -> None:
    """Raises Invalid for too many."""
    if len(runs) > MOST_RUNS:
        raise Invalid(f"{words} {MOST_RUNS} run_ids. Received {len(runs)} run_ids.")


def _own(key: str) -> str:
    """A key may hold a #, so its length comes first."""
    return f"k#{len(key)}#{key}#"


def _points(document: Document, key: str) -> Iterable[Point]:
    return (Point.from_document(each) for each in document.data["points"] if each["key"] == key)
