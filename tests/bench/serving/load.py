"""Load on a server: runs load.c's program on its own core and reads what it counted.

No load generator that is fast enough for this (30,000 requests a second from one core) is on PyPI, so load.c is one,
built with the C compiler of the ziglang wheel. It gave the same figures as wrk 4.1.0, within the noise.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.serving.places import BUILD, HERE, LOAD_CORE, core, install
from tests.bench.serving.process import Request

# As wrk: an answer that takes longer is given up and counted.
TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True)
class Counts:
    """What one run of the generator saw. Latencies are of answered requests, in microseconds."""

    seconds: float
    answered: int
    refused: int  # any status but 2xx
    timed_out: int
    broken: int  # the connection ended without a whole answer
    p50_us: int
    p95_us: int
    p99_us: int

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.answered / self.seconds


def build() -> Path:
    """The program, compiled where load.c is newer."""
    source, program = HERE / "load.c", BUILD / "load" / "load"
    python = install("load") / "python"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        subprocess.run([python, "-m", "ziglang", "cc", "-O2", "-o", program, source], check=True)
    return program


def run(
    program: Path,
    port: int,
    request: Request,
    clients: int,
    seconds: float,
    timeout: float = TIMEOUT_SECONDS,
) -> Counts:
    """Send one request to ``port``, again and again, from so many clients at once."""
    with tempfile.NamedTemporaryFile() as body, core(LOAD_CORE):
        body.write(request.body)
        body.flush()
        where = [str(port), request.path, "application/json", body.name]
        how = [str(clients), str(seconds), str(timeout)]
        done = subprocess.run([program, *where, *how], stdout=subprocess.PIPE, text=True, check=True)
    return Counts(**json.loads(done.stdout))
