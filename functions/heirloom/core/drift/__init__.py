"""Drift: whether what a version is asked, and what it answers, is still what it was trained on. Needs no labels."""
