"""Watching what serves: labels against predictions, latency, drift; breaches, and what follows from them."""
