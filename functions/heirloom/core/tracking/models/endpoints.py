"""The endpoints of logged models."""

from __future__ import annotations

from collections.abc import Mapping

from heirloom.core.tracking.models import keeping, search
from heirloom.core.tracking.tracking import Endpoint

ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("POST", "logged-models"): keeping.create,
    ("POST", "logged-models/search"): search.search,
    ("GET", "logged-models/{model_id}"): keeping.get,
    ("PATCH", "logged-models/{model_id}"): keeping.finalize,
    ("DELETE", "logged-models/{model_id}"): keeping.delete,
    ("POST", "logged-models/{model_id}/params"): keeping.log_params,
    ("PATCH", "logged-models/{model_id}/tags"): keeping.set_tags,
    ("DELETE", "logged-models/{model_id}/tags/{tag_key}"): keeping.delete_tag,
}
"""By method and path below mlflow/."""
