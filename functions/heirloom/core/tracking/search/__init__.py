"""MLflow's search language, held against rows in memory: filters, orders and pages, as its own server answers them.

https://mlflow.org/docs/latest/ml/search/search-runs
"""
