"""A batch: a CSV file cut into parts, each part answered by one version of a model, the answers put together again."""
