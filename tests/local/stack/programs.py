"""Programs with the unmodified client of MLflow in them, each in a process of its own, with variables of its own.

The import of the client takes seconds. So one process, `python -m tests.local.stack.programs`, imports it, and forks
for each program that it is told of.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parents[3]
IMPORTED = ("mlflow", "mlflow.sklearn", "pandas", "sklearn.linear_model")
LONGEST = 300
"""Seconds of a program."""
QUIET = {"GIT_PYTHON_REFRESH": "quiet", "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ASYNC_LOGGING": "false"}


def variables(**more: str) -> dict[str, str]:
    """An environment that knows of no AWS, no MLflow and no stack but what is told here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_", "HEIRLOOM_"))}
    return {**kept, **QUIET, **more}


class Programs:
    """Starts with the first program."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, module: str, *words: str, **environment: str) -> Any:
        """Run a module; the JSON that it prints last."""
        return json.loads(self.run(module, *words, **environment).splitlines()[-1])

    def run(self, module: str, *words: str, **environment: str) -> str:
        """Run a module, which has to end well; what it prints."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", __name__],
                cwd=ROOT,
                env=variables(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin
        assert self._process.stdout
        asked = {"module": module, "words": words, "environment": variables(**environment)}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        ran = json.loads(self._process.stdout.readline())
        assert ran["code"] == 0, ran["err"][-4000:]
        return str(ran["out"])

    def stop(self) -> None:
        """End the process."""
        if self._process:
            self._process.communicate()  # the end of its input is its end


def main() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(_run(**json.loads(line))), flush=True)  # noqa: T201 - it is a program, and this is its answer


def _run(module: str, words: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    with TemporaryFile() as out, TemporaryFile() as err:
        if (child := os.fork()) == 0:
            _become(module, words, environment, out, err)
        _, status = os.waitpid(child, 0)
        said, complained = (_all_of(each) for each in (out, err))
    return {"code": os.waitstatus_to_exitcode(status), "out": said, "err": complained}


def _become(
    module: str, words: Sequence[str], environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> NoReturn:
    signal.alarm(LONGEST)
    for number, file in ((1, out), (2, err)):
        os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    code = 1
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except BaseException:  # noqa: BLE001 - the edge of the program
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _all_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


if __name__ == "__main__":
    main()
