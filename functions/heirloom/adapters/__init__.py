"""One module a technology: each puts a port of the core on it."""
