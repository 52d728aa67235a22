"""The same requests to MLflow's own server and to ours: the same answers but for ids, times and messages."""
