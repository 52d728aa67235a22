"""Evaluation datasets of MLflow 3: questions and what is expected of the answers, by which models are judged.

``endpoints.ENDPOINTS`` has what the handler asks. A record is a document of its own: a dataset may have any number.
"""
