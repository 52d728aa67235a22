"""The endpoints of evaluation datasets."""

from __future__ import annotations

from collections.abc import Mapping

from heirloom.core.tracking.evaluation import keeping, records
from heirloom.core.tracking.evaluation.search import search
from heirloom.core.tracking.tracking import Endpoint

ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "datasets/create"): keeping.create,
    ("POST", "datasets/search"): search,
    ("GET", "datasets/search"): search,
    ("GET", "datasets/{dataset_id}"): keeping.get,
    ("DELETE", "datasets/{dataset_id}"): keeping.delete,
    ("PATCH", "datasets/{dataset_id}/tags"): keeping.set_tags,
    ("DELETE", "datasets/{dataset_id}/tags/{key}"): keeping.delete_tag,
    ("GET", "datasets/{dataset_id}/experiment-ids"): keeping.get_experiments,
    ("POST", "datasets/{dataset_id}/add-experiments"): keeping.add_experiments,
    ("POST", "datasets/{dataset_id}/remove-experiments"): keeping.remove_experiments,
    ("POST", "datasets/{dataset_id}/records"): records.upsert,
    ("GET", "datasets/{dataset_id}/records"): records.get,
    ("DELETE", "datasets/{dataset_id}/records"): records.delete,
}
"""By method and path below mlflow/."""
