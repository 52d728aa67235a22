"""The emulator process: MiniStack with our plug-ins, on 127.0.0.1 only, IAM enforced.

Started by the guardian (local.guardian) as ``python -m local.server --lifeline FD``, with its settings in the
environment (local.settings). It saves its state when it is told to stop, or when the guardian is gone.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from heirloom.core.errors import HeirloomError
from local import guardian
from local.plugpoints import check_plug_points, check_version

# Installed in this order, before MiniStack serves; shut down in the reverse one.
PLUG_INS = (
    "local.loopback",
    "local.identity",
    "local.expired_sessions",
    "local.object_events",
    "local.version_ranges",
    "local.function_errors",
    "local.function_logs",
    "local.embedded_metrics",
    "local.sagemaker",
    "local.stepfunctions",
    "local.cloudformation",
    "local.autoscaling",
    "local.alarms",
    "local.log_subscriptions",
    "local.table_streams",
    "local.stream_readers",
    "local.topic_deliveries",
    "local.queue_metrics",
    "local.sign_in",
)
log = logging.getLogger("local.server")


def main() -> None:
    """Check, plug in, serve; ends when asked to or when the guardian is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lifeline", type=int, default=-1, help="the end of a pipe that closes with the guardian")
    arguments = parser.parse_args()
    try:
        plug_ins = _plug_in_all()
    except (HeirloomError, RuntimeError) as exc:
        sys.exit(str(exc))
    if arguments.lifeline >= 0:
        threading.Thread(target=_follow, args=(arguments.lifeline,), daemon=True, name="lifeline").start()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(serve(importlib.import_module("local.front").Front(), plug_ins))
    logging.shutdown()
    os._exit(0)  # an exit in good order would wait for threads of MiniStack that sleep for minutes


def _plug_in_all() -> list[ModuleType]:
    """Check MiniStack and install every plug-in; raises HeirloomError or RuntimeError when MiniStack has changed."""
    check_version()
    check_plug_points()
    plug_ins = [importlib.import_module(name) for name in PLUG_INS]
    for plug_in in plug_ins:
        plug_in.install()
    return plug_ins


async def serve(front: Any, plug_ins: list[ModuleType]) -> None:
    """Serve until SIGTERM or SIGINT; plug-ins end their processes while the API still answers, then state is saved."""
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415 - MiniStack's own, so checked first
    from hypercorn.config import Config  # noqa: PLC0415

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)

    async def shutdown_trigger() -> None:
        await stopped.wait()
        for plug_in in reversed(plug_ins):
            if hasattr(plug_in, "shutdown"):
                await asyncio.to_thread(plug_in.shutdown)

    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    saving = asyncio.create_task(front.save_when_quiet())
    await hypercorn_serve(front, config, shutdown_trigger=shutdown_trigger)
    saving.cancel()
    guardian.reap(Path(os.environ["HEIRLOOM_STATE_DIR"]))


def _follow(lifeline: int) -> None:
    """End this process when the guardian does: nobody else would end what it starts."""
    os.read(lifeline, 1)
    log.warning("the guardian is gone: shutting down")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(guardian.GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
