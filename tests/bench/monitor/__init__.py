"""What the rules of monitoring cost and promise: the tables of docs/accuracy.md."""
