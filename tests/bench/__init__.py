"""`make bench`: measures what docs/benchmarks.md says, and prints it as the tables that stand there."""
