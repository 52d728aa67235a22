"""The endpoints of evaluation datasets."""

from __future__ import annotations

from heirloom.core.tracking.evaluation import keeping, records
from heirloom.core.tracking.evaluation.search import search
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Endpoint

ENDPOINTS: ByRole[Endpoint] = {
    Role.VIEWER: {
        ("POST", "datasets/search"): search,
        ("GET", "datasets/search"): search,
        ("GET", "datasets/{dataset_id}"): keeping.get,
        ("GET", "datasets/{dataset_id}/experiment-ids"): keeping.get_experiments,
        ("GET", "datasets/{dataset_id}/records"): records.get,
    },
    Role.DATA_SCIENTIST: {
        ("POST", "datasets/create"): keeping.create,
        ("PATCH", "datasets/{dataset_id}/tags"): keeping.set_tags,
        ("DELETE", "datasets/{dataset_id}/tags/{key}"): keeping.delete_tag,
        ("POST", "datasets/{dataset_id}/add-experiments"): keeping.add_experiments,
        ("POST", "datasets/{dataset_id}/remove-experiments"): keeping.remove_experiments,
        ("POST", "datasets/{dataset_id}/records"): records.upsert,
    },
    Role.ADMIN: {
        ("DELETE", "datasets/{dataset_id}"): keeping.delete,
        ("DELETE", "datasets/{dataset_id}/records"): records.delete,
    },
}
"""By the least role, then by method and path below mlflow/."""
