"""The model registry of MLflow's REST protocol: models, their versions, stages, aliases and tags. docs/tracking.md."""

from heirloom.core.tracking.registry.endpoints import ENDPOINTS

__all__ = ["ENDPOINTS"]
