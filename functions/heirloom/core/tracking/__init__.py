"""Experiments as MLflow's client knows them: its REST protocol over documents. docs/tracking.md."""
