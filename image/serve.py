"""The image's ``serve``: one endpoint's container. Listens at once, answers /ping with 200 when the model is loaded.

A model that can't be loaded ends the program with 1 and the reason in the log, so that an endpoint fails soon.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from heirloom.core.errors import HeirloomError
from image.connection import Connections
from image.container import Container, say
from image.packages import use
from image.served import Served, load
from image.server import connections, loading
from image.workers import Meanwhile, Workers, listen

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def main() -> int:
    """The program: serves until SIGTERM, then answers what it has begun; 0, or 1 where it can't serve."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    container = Container.here()
    variables = container.environment
    host = variables.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0")  # noqa: S104 - SageMaker calls from outside the container
    listener = listen(host, int(variables.get("SAGEMAKER_BIND_TO_PORT", "8080")))
    meanwhile = Meanwhile(listener, partial(Connections, loading, once=True))
    served = _load(container)
    meanwhile.stop()
    return Workers(listener, partial(connections, served), worker_count(variables)).run()


def worker_count(variables: Mapping[str, str]) -> int:
    """HEIRLOOM_WORKERS, else one a processor that this container may use."""
    if "HEIRLOOM_WORKERS" in variables:
        return max(1, int(variables["HEIRLOOM_WORKERS"]))
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(available, _granted(_CPU_LIMIT, available)))


def _granted(file: Path, available: int) -> int:
    """Whole processors that the container's group is granted: the quota by its period, "max" without a limit."""
    quota, _, period = file.read_text().strip().partition(" ") if file.exists() else ("max", "", "")
    return available if quota == "max" else round(int(quota) / int(period))


def _load(container: Container) -> Served:
    started = time.monotonic()
    try:
        use(container.model)
        served = load(container.model, container.environment.get("HEIRLOOM_SERVE_WITH"))
    except HeirloomError as problem:
        say(f"can't serve: {problem}")
        os._exit(1)
    except Exception:  # noqa: BLE001 - the edge of the program
        traceback.print_exc()
        say("can't serve: the model could not be loaded")
        os._exit(1)
    say(f"ready in {time.monotonic() - started:.2f} s, served by {served.path}")
    return served


if __name__ == "__main__":
    sys.exit(main())
