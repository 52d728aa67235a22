"""``python -m local up|down|status|reset``: the embedded AWS by itself, without the stack (see ``heirloom local``)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from heirloom.core.errors import HeirloomError
from local.launcher import DEFAULT_PORT, DEFAULT_STATE_DIR, EmbeddedAws

Answer = dict[str, object]


def up(aws: EmbeddedAws) -> Answer:
    """Start it, or find it running."""
    return {"endpoint_url": aws.start().endpoint_url, "state_dir": str(aws.state.root)}


def down(aws: EmbeddedAws) -> Answer:
    """Save its state and stop it."""
    return {"stopped": aws.stop()}


def status(aws: EmbeddedAws) -> Answer:
    """Show whether it runs, and where."""
    return asdict(aws.status())


def reset(aws: EmbeddedAws) -> Answer:
    """Stop it and remove all that it knows."""
    aws.reset()
    return {"removed": str(aws.state.root)}


COMMANDS: Mapping[str, Callable[[EmbeddedAws], Answer]] = {
    command.__name__: command for command in (up, down, status, reset)
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0, or 1 with one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--state-dir", type=Path, default=DEFAULT_STATE_DIR)
    given = parser.parse_args(arguments)
    try:
        answer = COMMANDS[given.command](EmbeddedAws(given.state_dir, given.port))
    except HeirloomError as exc:
        sys.stderr.write(f"error: {exc}\n")
        return 1
    sys.stdout.write(_shown(answer, as_json=given.json))
    return 0


def _shown(answer: Answer, *, as_json: bool) -> str:
    if as_json:
        return json.dumps(answer) + "\n"
    return "".join(f"{name.replace('_', ' ')}: {value}\n" for name, value in answer.items())


if __name__ == "__main__":
    sys.exit(main())
