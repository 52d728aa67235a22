"""A release: which versions answer for a model, how a new one is tried, and how it is taken back."""
