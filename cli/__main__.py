"""``python -m cli`` is ``heirloom``."""

from cli.main import main

main()
