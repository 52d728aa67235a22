"""`make bench-serving`: the report on stdout, progress on stderr. Exits with 1 where a goal is missed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.serving import load
from tests.bench.serving.measure import measure, prepare
from tests.bench.serving.model import make_model
from tests.bench.serving.peers import PEERS
from tests.bench.serving.places import BUILD, LOAD_CORE, core, install
from tests.bench.serving.report import report

ROUNDS = 3


def main() -> int:
    """Measure what the flags ask for, and print the report."""
    asked = _arguments()
    if not {0, 1} <= os.sched_getaffinity(0):
        raise SystemExit("expected two processors: one for the server, one for the load")
    machine = _machine()
    peers = [peer for peer in PEERS if not asked.only or peer.key in asked.only]
    program = load.build()
    model = make_model(install("image"), BUILD / "model")
    with core(LOAD_CORE):
        ready, absent = prepare(peers, model)
        rounds = [
            measure(program, peer, ready[peer.key], model, asked.seconds)
            for _ in range(asked.rounds)
            for peer in peers
            if peer.key in ready
        ]
    if asked.json:
        asked.json.write_text(json.dumps([one.to_document() for one in rounds], indent=1) + "\n")
    lines, reached = report(rounds, {peer.key: peer.name for peer in peers}, absent)
    sys.stdout.write("\n".join([f"{machine}; {asked.rounds} rounds of {asked.seconds:g} s.", "", *lines]) + "\n")
    return 0 if reached else 1


def _machine() -> str:
    """Where and when, and how busy the machine was with other things before."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    name, python = cpu.partition(":")[2].strip(), platform.python_version()
    today = datetime.now(UTC).date()
    return (
        f"{today}, {name}, {os.cpu_count()} processors, Python {python}, load average {os.getloadavg()[0]:.2f} before"
    )


def _arguments() -> argparse.Namespace:
    keys = ", ".join(peer.key for peer in PEERS)
    parser = argparse.ArgumentParser(prog="python -m tests.bench.serving", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each load (default 3)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of all servers (default {ROUNDS})")
    parser.add_argument("--only", action="append", metavar="KEY", help=f"only this server, repeatable: {keys}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was counted in each round, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
