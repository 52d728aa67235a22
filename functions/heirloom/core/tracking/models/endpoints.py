"""The endpoints of logged models."""

from __future__ import annotations

from heirloom.core.tracking.models import keeping, search
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Endpoint

ENDPOINTS: ByRole[Endpoint] = {
    Role.VIEWER: {
        ("POST", "logged-models/search"): search.search,
        ("GET", "logged-models/{model_id}"): keeping.get,
    },
    Role.DATA_SCIENTIST: {
        ("POST", "logged-models"): keeping.create,
        ("PATCH", "logged-models/{model_id}"): keeping.finalize,
        ("DELETE", "logged-models/{model_id}"): keeping.delete,
        ("POST", "logged-models/{model_id}/params"): keeping.log_params,
        ("PATCH", "logged-models/{model_id}/tags"): keeping.set_tags,
        ("DELETE", "logged-models/{model_id}/tags/{tag_key}"): keeping.delete_tag,
    },
}
"""By the least role, then by method and path below mlflow/."""
