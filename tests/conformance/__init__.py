"""MLflow's own tests against our handler: docs/benchmarks.md says how they are run."""
