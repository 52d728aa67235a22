"""The embedded SageMaker: control plane and runtime inside MiniStack, jobs and endpoints as processes.

`install` plugs it in before MiniStack serves; `shutdown` ends every process. `call` runs an operation for other
plug-ins in the same process (Step Functions, CloudFormation). docs/local-sagemaker.md says what differs from AWS.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import Any

from local.awsjson import JsonService, Request, Response
from local.sagemaker import emulator
from local.sagemaker.access import authorise
from local.sagemaker.backend import Backend
from local.sagemaker.container import Fleet
from local.sagemaker.hosting import Hosting
from local.sagemaker.packages import Packages
from local.sagemaker.runtime import Runtime
from local.sagemaker.settings import read_settings
from local.sagemaker.store import Store
from local.sagemaker.tags import Tags
from local.sagemaker.telemetry import Telemetry
from local.sagemaker.training import TrainingJobs

logger = logging.getLogger("sagemaker")
PATTERNS = {"target_prefixes": ["SageMaker."], "host_patterns": [r"api\.sagemaker\.", r"runtime\.sagemaker\."]}


class SageMaker:
    """The whole service: what MiniStack routes to, and what starts and ends with it."""

    def __init__(self) -> None:
        settings = read_settings()
        shutil.rmtree(settings.work_dir, ignore_errors=True)
        self.backend = Backend(settings, Store(settings.state_file), Telemetry(), Fleet(settings.processes_dir))
        self._jobs, self._hosting = TrainingJobs(self.backend), Hosting(self.backend)
        parts = (self._jobs, self._hosting, Packages(self.backend), Tags(self.backend))
        operations = {name: operation for part in parts for name, operation in part.operations().items()}
        self.control = JsonService("sagemaker", operations, authorise)
        self._runtime = Runtime(self.backend)
        self._ending = threading.Event()

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Both APIs have one signing name; only the control plane's requests have a target."""
        if "x-amz-target" in headers:
            return await self.control.handle(method, path, headers, body, query)
        return await self._runtime.handle(path, headers, body)

    def start(self) -> None:
        """Bring back what the last run left, once MiniStack answers."""
        threading.Thread(target=self._restore, name="sagemaker-restore", daemon=True).start()

    def stop(self) -> None:
        """End every process at once, and write the state."""
        self._ending.set()
        self.backend.fleet.close()
        self.backend.telemetry.close()
        self.backend.store.close()

    def _restore(self) -> None:
        while not emulator.serving():
            if self._ending.wait(0.1):
                return
        time.sleep(0.2)  # MiniStack reads its own state between the start of its loop and of its port
        for account, region in self.backend.store.scopes():
            with emulator.scope(account, region):
                self._jobs.interrupt()
                self._hosting.restore()


_service: SageMaker | None = None


def install() -> None:
    """Plug SageMaker into MiniStack. Raises RuntimeError when MiniStack has moved a plug point."""
    global _service  # noqa: PLW0603 - one per process, as MiniStack's own services
    emulator.check()
    _service = SageMaker()
    emulator.register("sagemaker", PATTERNS, _service.handle)
    _service.start()


def shutdown() -> None:
    """End all jobs' and endpoints' processes."""
    if _service is not None:
        _service.stop()


def call(operation: str, request: Request, access_key_id: str | None = None) -> Any:
    """Run a control plane operation in the ambient account and region; raises local.awsjson.ApiError.

    Without an access key no permission is asked for.
    """
    if _service is None:
        raise RuntimeError("The embedded SageMaker is not installed.")
    return _service.control.call(operation, request, access_key_id=access_key_id)
