"""Experiments: ours on the embedded AWS beside MLflow's own server, on SQLite and on PostgreSQL."""
