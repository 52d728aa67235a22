"""The embedded AWS: MiniStack on one port, with what it lacks plugged in."""
