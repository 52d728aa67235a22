"""The processes of an endpoint's container: one that loads the model and watches, and forks of it that answer.

A fork shares the loaded model's memory and answers within milliseconds, so that a worker that was killed, by whatever
took the memory for instance, costs the requests that it was answering and nothing else. All accept from one socket:
connections that wait for a dead worker are accepted by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

import uvloop

from image.connection import Connections
from image.container import say

_BACKLOG = 2048
# A connection that SageMaker's router keeps open must not be closed by us while it sends the next request.
_KEEP_ALIVE_SECONDS = 75.0
_SWEEP_SECONDS = 15.0
# SageMaker kills a container 30 s after SIGTERM.
_DRAIN_SECONDS = 25.0
_LINGER_SECONDS = 0.5
"""How long a connection is kept at the end for a request that may be on its way."""
_MOST_DEATHS = 10
_DEATHS_WITHIN = 10.0

MakeConnections = Callable[[], Connections]


def listen(host: str, port: int) -> socket.socket:
    """The socket that all processes accept from."""
    listener = socket.create_server((host, port), backlog=_BACKLOG, reuse_port=False)
    listener.setblocking(False)
    return listener


class Meanwhile:
    """Serves from a thread while the model is loaded: with one loop of its own, gone before anything is forked."""

    def __init__(self, listener: socket.socket, make: MakeConnections) -> None:
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._ready = threading.Event()
        self._thread = threading.Thread(target=uvloop.run, args=(self._serve(listener, make),), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what has begun, and end."""
        self._ready.wait()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self, listener: socket.socket, make: MakeConnections) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connections = make()
        server = await self._loop.create_server(connections.protocol, sock=listener.dup())
        self._ready.set()
        await self._stop.wait()
        server.close()
        await _finished(connections, linger=0.0)


class Workers:
    """``count`` processes that serve, each started again when it ends."""

    def __init__(self, listener: socket.socket, make: MakeConnections, count: int) -> None:
        self._listener, self._make, self._count = listener, make, count
        self._running: set[int] = set()
        self._deaths: list[float] = []
        self._stopping = False
        self._restarts = 0

    def run(self) -> int:
        """Until SIGTERM; the exit code: 0, or 1 where the workers end again and again."""
        gc.collect()
        gc.freeze()  # what is loaded is not looked at again, so that forks go on sharing it
        signal.signal(signal.SIGTERM, self._stop)
        alive, _held = os.pipe()
        for _ in range(self._count):
            self._fork(alive, _held)
        while self._running:
            worker, status = os.wait()
            self._running.discard(worker)
            if not self._stopping and not self._again(worker, status, alive, _held):
                self._stop()
                return 1
        return 0

    def _again(self, worker: int, status: int, alive: int, held: int) -> bool:
        """Start another in the place of one that ended; False where that has happened too often to go on."""
        now = time.monotonic()
        self._deaths = [*(death for death in self._deaths if now - death < _DEATHS_WITHIN), now]
        self._restarts += 1
        code = os.waitstatus_to_exitcode(status)
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        say(f"worker {worker} {how}; started again, restart {self._restarts} of this container")
        if len(self._deaths) > _MOST_DEATHS:
            say(f"can't serve: workers ended {len(self._deaths)} times within {_DEATHS_WITHIN:.0f} s")
            return False
        self._fork(alive, held)
        return True

    def _fork(self, alive: int, held: int) -> None:
        # A signal between fork and the worker's own handler must not be the supervisor's in the worker.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        worker = os.fork()
        if worker == 0:
            os.close(held)
            work(self._listener, self._make, alive)
        self._running.add(worker)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for worker in self._running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGTERM)
        self._listener.close()


def work(listener: socket.socket, make: MakeConnections, alive: int) -> None:
    """One worker, from fork to exit. ``alive`` is the end of a pipe that closes when the supervisor is gone."""
    code = 1
    try:
        uvloop.run(_serve(listener, make, alive))
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


async def _serve(listener: socket.socket, make: MakeConnections, alive: int) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_reader(alive, told.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    connections = make()
    server = await loop.create_server(connections.protocol, sock=listener.dup())
    sweep = loop.create_task(_swept(connections))
    await told.wait()
    loop.remove_reader(alive)
    sweep.cancel()
    server.close()
    await _accept_rest(listener, connections)
    connections.closing = True
    await _finished(connections, _LINGER_SECONDS)


async def _swept(connections: Connections) -> None:
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        connections.close_idle(time.monotonic() - _KEEP_ALIVE_SECONDS)


async def _accept_rest(listener: socket.socket, connections: Connections) -> None:
    """Connections that the kernel made before anybody accepted them: their requests are answered, too."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            accepted, _ = listener.accept()
        except OSError:  # none is left
            break
        await loop.connect_accepted_socket(connections.protocol, accepted)
    listener.close()


async def _finished(connections: Connections, linger: float) -> None:
    """Until every request is answered and no connection is left that one may come by."""
    until = time.monotonic() + _DRAIN_SECONDS
    while connections.open and time.monotonic() < until:
        connections.close_idle(time.monotonic() - linger)
        await asyncio.sleep(0.01)
