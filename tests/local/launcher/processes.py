"""Which processes belong to an embedded AWS, seen from outside; and a Lambda function that leaves some behind."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from local.connection import Connection
from tests.embedded import make_role, wait_for

# A worker that stays busy, with a child that has left its process group: what is hardest to find and to end.
CODE = """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "300"], start_new_session=True)
    time.sleep(event.get("seconds", 0))
"""


def of(state_dir: Path) -> set[int]:
    """Living processes that name the state directory in their environment or arguments, or work in it.

    Descendants of the emulator inherit its environment, wherever they moved; SageMaker's containers get one of their
    own, and a working directory below the state's.
    """
    return {
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if int(folder.name) != os.getpid() and _belongs(folder, str(state_dir))
    }


def _belongs(folder: Path, state_dir: str) -> bool:
    try:
        named = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        alive = (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        return alive and (state_dir.encode() in named or str((folder / "cwd").readlink()).startswith(state_dir))
    except OSError:
        return False


def await_none(state_dir: Path, seconds: float = 10) -> set[int]:
    """What still lives after at most ``seconds``: nothing, it is hoped."""
    deadline = time.monotonic() + seconds
    while (found := of(state_dir)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def run_lambda(aws: Connection, seconds: float) -> None:
    """Leave a function running, and wait until its stray child is there."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("stray.py", CODE)
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="stray",
        Runtime=f"python3.{sys.version_info.minor}",
        Role=make_role(aws, "stray", ["lambda"]),
        Handler="stray.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=60,
    )
    functions.invoke(FunctionName="stray", InvocationType="Event", Payload=json.dumps({"seconds": seconds}))


def await_stray(state_dir: Path) -> None:
    """Until the function's child runs."""
    wait_for(lambda: any(_command(pid).startswith("sleep") for pid in of(state_dir)))


def start_in_a_child(state_dir: Path, port: int, *, die_with_parent: bool) -> subprocess.Popen[str]:
    """A process that starts an embedded AWS and waits; it is running when this returns."""
    program = (
        "import sys, time; from pathlib import Path; from local.launcher import EmbeddedAws\n"
        f"aws = EmbeddedAws(Path({str(state_dir)!r}), {port}); aws.start(die_with_parent={die_with_parent})\n"
        "print('up', flush=True); time.sleep(300)"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    return child


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
