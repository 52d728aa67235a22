"""The `heirloom` command."""
