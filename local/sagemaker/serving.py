"""Runs what an endpoint serves: one process a production variant, watched, and called over HTTP.

AWS pages: "Use Your Own Inference Code with Hosting Services" (/ping, /invocations, time limits), "Deploy models with
Amazon SageMaker Serverless Inference".
"""

from __future__ import annotations

import contextvars
import http.client
import random
import secrets
import shutil
import socket
import threading
import time
from typing import Any, TypedDict

from local.sagemaker import emulator, objects
from local.sagemaker.backend import Backend
from local.sagemaker.container import Container, ImageError, Program, Tree, base_environment, find_image, make_tree
from local.sagemaker.http1 import Answer, Client

PING_TIMEOUT = 2.0  # seconds for one answer of /ping (AWS's own)
POLL = 0.05
STARTS = 3  # a container that ended so many times before its first /ping has failed
LONGEST_BACKOFF = 30.0
STOP_GRACE = 30.0  # AWS: SIGKILL 30 s after SIGTERM


class DeployError(Exception):
    """The endpoint's FailureReason."""


class Plan(TypedDict):
    """What one variant runs: its ProductionVariant, its ContainerDefinition, its role's ARN."""

    variant: dict[str, Any]
    container: dict[str, Any]
    role: str


class Deployment:
    """The variants of an endpoint that serve together."""

    def __init__(self, endpoint: str, plans: list[Plan], backend: Backend) -> None:
        self.variants = {plan["variant"]["VariantName"]: Variant(endpoint, plan, backend) for plan in plans}
        self.weights = {
            plan["variant"]["VariantName"]: plan["variant"].get("InitialVariantWeight", 1.0) for plan in plans
        }

    def start(self) -> None:
        """Start all, and return when each answers /ping. Raises DeployError."""
        for variant in self.variants.values():
            variant.start()

    def stop(self, grace: float = STOP_GRACE) -> None:
        for variant in self.variants.values():
            variant.stop(grace)

    def choose(self) -> Variant:
        """A variant by its share of the weights."""
        names = list(self.variants)
        weights = [self.weights[name] for name in names]
        return self.variants[random.choices(names, weights)[0] if any(weights) else names[0]]  # noqa: S311


class Variant:
    """One container of an endpoint. A program that ends is started again, ever later."""

    def __init__(self, endpoint: str, plan: Plan, backend: Backend) -> None:
        self.name: str = plan["variant"]["VariantName"]
        self._endpoint, self._plan, self._backend = endpoint, plan, backend
        self._settings, self._telemetry = backend.settings, backend.telemetry
        serverless = plan["variant"].get("ServerlessConfig")
        self.serverless = serverless is not None
        self.max_concurrency: int | None = serverless["MaxConcurrency"] if serverless else None
        self.in_flight = 0
        self.log_group = f"/aws/sagemaker/Endpoints/{endpoint}"
        self.log_stream = f"{self.name}/{secrets.token_hex(16) if self.serverless else 'i-' + secrets.token_hex(8)}"
        self._context = contextvars.copy_context()
        self._container: Container | None = None
        self._tree: Tree | None = None
        self._session: emulator.Credentials | None = None
        self._client: Client | None = None
        self._port = 0
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # between a start and the end
        self._starts = 0

    @property
    def size_limit(self) -> int:
        return self._settings.serverless_bytes if self.serverless else self._settings.realtime_bytes

    def start(self) -> None:
        """Download the model, run `serve`, wait for /ping. Raises DeployError."""
        began = time.time()
        self._session = emulator.open_session(self._plan["role"], "SageMaker") if self._plan["role"] else None
        self._tree = make_tree(self._settings.work_dir / "endpoints", f"{self._endpoint}-{self.name}", "model")
        self._download(self._tree)
        self._launch()
        self._wait_for_ping()
        if self.serverless:
            microseconds = round((time.time() - began) * 1e6)
            self._telemetry.measure(self._endpoint, self.name, {"ModelSetupTime": (microseconds, "Microseconds")})

    def stop(self, grace: float = STOP_GRACE) -> None:
        with self._lock:
            self._stopping.set()
        if self._container is not None:
            self._container.stop(min(grace, self._settings.stop_grace))
        if self._client is not None:
            self._client.close()
        if self._session is not None:
            emulator.close_session(self._session)
        if self._tree is not None:
            shutil.rmtree(self._tree.root.parent, ignore_errors=True)

    async def invoke(self, headers: dict[str, str], body: bytes) -> Answer:
        """POST /invocations. Raises what `http1.Client.post` raises. For the event loop."""
        if self._client is None:
            self._client = Client(self._port)
        return await self._client.post("/invocations", headers, body, self.size_limit)

    def _download(self, tree: Tree) -> None:
        container = self._plan["container"]
        s3 = objects.s3_client(self._session)
        role = self._plan["role"]
        source = container.get("ModelDataSource", {}).get("S3DataSource")
        try:
            if source and source["CompressionType"] == "None":
                objects.download_prefix(s3, source["S3Uri"], tree.root / "model", role)
            elif uri := source["S3Uri"] if source else container.get("ModelDataUrl"):
                archive = tree.root / "model.tar.gz"
                objects.download_object(s3, uri, archive, role)
                objects.unpack(archive, tree.root / "model")
                archive.unlink()
        except (objects.TransferError, OSError, EOFError) as problem:
            raise DeployError(
                f'Failed to download model data for container "{container.get("ContainerHostname", "container_1")}" '
                f'from URL: "{container.get("ModelDataUrl") or source}". Please ensure that there is an object located '
                "at the URL and that the role passed to CreateModel has permissions to download the model. "
                f"({problem})"
            ) from problem

    def _launch(self) -> None:
        container, tree = self._plan["container"], self._tree
        assert tree is not None  # noqa: S101 - start made it
        try:
            image = find_image(self._settings.images_file, container.get("Image", ""))
        except ImageError as problem:
            raise DeployError(f"Requested image {container.get('Image')} not found. ({problem})") from problem
        self._port = free_port()
        environment = {
            **base_environment(image, tree, emulator.endpoint_url(), emulator.region()),
            **(self._session.environment() if self._session else {}),
            "SAGEMAKER_BIND_TO_PORT": str(self._port),
            "SAGEMAKER_BIND_TO_HOST": "127.0.0.1",
            **container.get("Environment", {}),
        }
        self._starts += 1
        if self._client is not None:
            self._client.close()
        self._client = None
        program = Program(["serve"], tree, environment)
        with self._lock:
            if not self._stopping.is_set():
                self._container = Container(program, self._backend.fleet, self._log, self._ended)
                self._container.start()

    def _log(self, line: str) -> None:
        self._context.copy().run(self._telemetry.log, self.log_group, self.log_stream, line)

    def _ended(self, _code: int) -> None:
        """In the container's thread: start it again, unless this is the end."""
        if not (self._stopping.is_set() or self._backend.fleet.closing):
            delay = min(0.5 * 2 ** (self._starts - 1), LONGEST_BACKOFF)
            threading.Thread(target=self._context.copy().run, args=(self._again, delay), daemon=True).start()

    def _again(self, delay: float) -> None:
        if self._stopping.wait(delay):
            return
        try:
            self._launch()
        except DeployError as problem:  # its image is gone
            self._log(f"not started again: {problem}")

    def _wait_for_ping(self) -> None:
        limit = self._plan["variant"].get("ContainerStartupHealthCheckTimeoutInSeconds", self._settings.start_timeout)
        deadline = time.monotonic() + limit
        while not self._ping():
            if time.monotonic() > deadline or self._starts > STARTS or self._stopping.is_set():
                raise DeployError(
                    f"The primary container for production variant {self.name} did not pass the ping health check. "
                    "Please check CloudWatch logs for this endpoint."
                )
            time.sleep(POLL)
        self._starts = 1

    def _ping(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PING_TIMEOUT)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
