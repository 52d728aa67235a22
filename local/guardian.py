"""The process that outlives the emulator by a moment, to leave no process behind however it ends.

Started by the launcher as a script (standard library only, so that it costs little), it holds the lock of the state
directory, starts the emulator in a process group of its own and waits for it. Then:

- the emulator ends or is killed: everything that it started is killed here;
- the guardian is killed: the emulator sees its end of a pipe close, and shuts down by itself (local.server);
- with a PARENT_FD, whoever started it ends or is killed: the pipe it held closes, and the emulator is stopped.

On Linux the guardian is a "child subreaper" (prctl(2)): what the emulator leaves behind becomes the guardian's child,
so that it is found even if it has left the process group. Elsewhere the process group and the registered
processes (``<state dir>/processes``) have to do.

Usage: guardian.py STATE_DIR PORT PARENT_FD LOG COMMAND...   (PARENT_FD -1: a daemon until it is stopped)
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
LOCKED = 3  # exit status: somebody else has the state directory
GRACE_SECONDS = 20.0


def main(arguments: list[str]) -> int:
    """Take the lock, leave the terminal, and guard; the first process returns as soon as the lock is taken."""
    state_dir, port, parent, log = Path(arguments[0]), int(arguments[1]), int(arguments[2]), Path(arguments[3])
    lock = _take(state_dir / "lock")
    if lock < 0:
        return LOCKED
    if os.fork():
        return 0
    os.setsid()
    _become_subreaper()
    with log.open("ab", buffering=0) as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    _guard(state_dir, port, parent, lock, arguments[4:])
    return 0


def _guard(state_dir: Path, port: int, parent: int, lock: int, command: list[str]) -> None:
    """Run the emulator to its end, then kill what it left and clear the record."""
    alive, mine = os.pipe()  # ``mine`` is never used: that it closes when this process dies is its use
    emulator = subprocess.Popen(
        [*command, "--lifeline", str(alive)],
        stdin=subprocess.DEVNULL,
        pass_fds=(alive, lock),
        process_group=0,
    )
    os.close(alive)
    signal.signal(signal.SIGTERM, lambda *_: emulator.terminate())
    record = {"pid": emulator.pid, "guardian": os.getpid(), "port": port, "started_at": time.time()}
    (state_dir / "emulator.json").write_text(json.dumps(record))
    try:
        _wait(emulator, parent)
    finally:
        _kill_group(emulator.pid)
        reap(state_dir)
        (state_dir / "emulator.json").unlink(missing_ok=True)
        os.close(mine)


def reap(state_dir: Path) -> None:
    """Kill the processes that the emulator registered, our children, and the children which those leave to us."""
    _become_subreaper()
    for path in (state_dir / "processes").glob("[0-9]*"):
        _kill_registered(path)
    while children := _children():
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def _wait(emulator: subprocess.Popen[bytes], parent: int) -> None:
    """Until the emulator ends; ask it to as soon as the parent's pipe closes."""
    while emulator.poll() is None:
        if parent < 0:
            emulator.wait()
        elif _closed(parent, seconds=0.2):
            _stop(emulator)


def _closed(descriptor: int, seconds: float) -> bool:
    """Whether the other end of a pipe has closed within that time; nothing is ever written to it."""
    readable, _, _ = select.select([descriptor], [], [], seconds)
    return bool(readable) and os.read(descriptor, 1) == b""


def _stop(emulator: subprocess.Popen[bytes]) -> None:
    emulator.terminate()
    try:
        emulator.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        emulator.kill()
        emulator.wait()


def _take(path: Path) -> int:
    """A descriptor that holds the lock, or -1. Tries for a moment: a look at the lock holds it for an instant."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        time.sleep(0.02)
    return -1


def _become_subreaper() -> None:
    """Become the parent of every orphan among our descendants (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _kill_registered(path: Path) -> None:
    """Kill a process group named in a file, unless its number went to another process meanwhile."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        entry = json.loads(path.read_text())
        if str(entry["started"]) == started(int(path.name)):
            _kill_group(int(entry["pgid"]))
    path.unlink(missing_ok=True)


def started(pid: int) -> str:
    """When a process was started, in the words of its system; "" when there is none. Tells a reused number apart."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return ""
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()


def _children() -> list[int]:
    """Our living or dead children; on Linux only, where orphans come to us."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat") if sys.platform == "linux" else ():
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(stat.parent.name))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
