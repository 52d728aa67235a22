"""Where the bench keeps what it makes, all below build/bench/: environments, the model in every format, logs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
BUILD = REPOSITORY / "build" / "bench"
APPS = HERE / "apps"

# The server has the first core for itself, the load generator and this program share the second.
SERVER_CORE, LOAD_CORE = 0, 1


class NotInstalledError(Exception):
    """A server's packages can't be had on this machine."""


def install(name: str, *, dependencies: bool = True) -> Path:
    """The ``bin`` folder of a virtual environment with the packages of its requirements file, made when that changes.

    ``dependencies`` False: the list is whole, and what packages ask for beyond it is not looked at.
    """
    folder, requirements = BUILD / name, _requirements(name)
    wanted, stamp = requirements.read_text(), folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        tell(f"installing {requirements.name} into {folder.relative_to(REPOSITORY)}")
        _uv("venv", "--clear", "--python", sys.executable, str(folder))
        # Copies, not links into uv's cache: pages shared with other programs would make a server look smaller.
        how = ["--compile-bytecode", "--link-mode=copy", *([] if dependencies else ["--no-deps"])]
        _uv("pip", "install", *how, "--python", str(folder / "bin" / "python"), "--requirement", str(requirements))
        stamp.write_text(wanted)
    return folder / "bin"


def _requirements(name: str) -> Path:
    """The list of an environment's packages; ``image`` is what our own image installs."""
    return REPOSITORY / "image" / "requirements.txt" if name == "image" else HERE / f"requirements-{name}.txt"


def _uv(*arguments: str) -> None:
    command = [sys.executable, "-m", "uv", "--quiet", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotInstalledError(done.stderr.strip())


@contextmanager
def core(number: int) -> Iterator[None]:
    """What is started in here may run on this core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tell(text: str) -> None:
    """Progress, on stderr: the report alone is on stdout."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
