"""Which endpoint of the registry answers what: methods and paths as in MLflow's model_registry.proto."""

from __future__ import annotations

from heirloom.core.tracking.registry import aliases, model_versions, registered_models, searches, tags
from heirloom.core.tracking.roles import ByRole, Role
from heirloom.core.tracking.tracking import Endpoint

ENDPOINTS: ByRole[Endpoint] = {
    Role.VIEWER: {
        ("GET", "registered-models/get"): registered_models.get,
        ("GET", "registered-models/search"): searches.models_found,
        ("GET", "registered-models/get-latest-versions"): registered_models.get_latest_versions,
        ("POST", "registered-models/get-latest-versions"): registered_models.get_latest_versions,
        ("GET", "registered-models/alias"): aliases.get,
        ("GET", "model-versions/get"): model_versions.get,
        ("GET", "model-versions/search"): searches.versions_found,
        ("GET", "model-versions/get-download-uri"): model_versions.get_download_uri,
    },
    Role.DATA_SCIENTIST: {
        ("POST", "registered-models/create"): registered_models.create,
        ("PATCH", "registered-models/update"): registered_models.update,
        ("POST", "registered-models/rename"): registered_models.rename,
        ("POST", "registered-models/set-tag"): tags.set_of_model,
        ("DELETE", "registered-models/delete-tag"): tags.delete_of_model,
        ("POST", "registered-models/alias"): aliases.put,
        ("DELETE", "registered-models/alias"): aliases.delete,
        ("POST", "model-versions/create"): model_versions.create,
        ("PATCH", "model-versions/update"): model_versions.update,
        ("POST", "model-versions/set-tag"): tags.set_of_version,
        ("DELETE", "model-versions/delete-tag"): tags.delete_of_version,
        ("POST", "model-versions/transition-stage"): model_versions.transition_stage,
    },
    Role.ADMIN: {
        ("DELETE", "registered-models/delete"): registered_models.delete,
        ("DELETE", "model-versions/delete"): model_versions.delete,
    },
}
"""By the least role, then by method and path below mlflow/."""
