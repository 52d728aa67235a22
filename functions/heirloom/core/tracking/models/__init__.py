"""Logged models: what MLflow 3 keeps of a model besides its files, from its making on, registered or not.

``endpoints.ENDPOINTS`` has what the handler asks, ``metrics.with_metrics`` what logging to a run adds to a model.
"""
