"""The image's ``serve``: one endpoint's container. Listens at once, answers /ping with 200 when the model is loaded.

A model that can't be loaded ends the program with 1 and the reason in the log, so that an endpoint fails soon.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback

import uvicorn

from heirloom.core.errors import HeirloomError
from image.container import Container, say
from image.packages import use
from image.server import Server

# A connection that SageMaker's router keeps open must not be closed by us while it sends the next request.
_KEEP_ALIVE_SECONDS = 75
_SHUTDOWN_SECONDS = 10


def main() -> None:
    """The program: serves until SIGTERM, then answers what it has begun and exits with 0."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    container = Container.here()
    server = Server()
    threading.Thread(target=_load, args=(container, server), daemon=True).start()
    variables = container.environment
    uvicorn.run(
        server,
        host=variables.get("SAGEMAKER_BIND_TO_HOST", "0.0.0.0"),  # noqa: S104 - SageMaker calls from outside the container
        port=int(variables.get("SAGEMAKER_BIND_TO_PORT", "8080")),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def _load(container: Container, server: Server) -> None:
    started = time.monotonic()
    try:
        use(container.model)
        from image.predictor import load_predictor  # noqa: PLC0415 - pandas and scikit-learn, while the port is open already

        server.predictor = load_predictor(container.model)
    except HeirloomError as problem:
        say(f"can't serve: {problem}")
        os._exit(1)
    except Exception:  # noqa: BLE001 - the edge of the thread
        traceback.print_exc()
        say("can't serve: the model could not be loaded")
        os._exit(1)
    say(f"ready in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
