"""`heirloom import`: experiments, models and the registry of an MLflow, or the history of a DVC repository."""

from __future__ import annotations

from cli.importing.commands import importing

__all__ = ["importing"]
