"""The index of large experiments: what is known of runs that have ended, by columns, in blocks of some thousand runs.

A search reads the columns that it asks about, of all blocks, and of the runs that are in none their documents
(open_runs.py). So it is exact, finds what was logged a moment ago, and reads a hundred thousand runs in a few requests.
docs/tracking.md has what it costs.
"""
