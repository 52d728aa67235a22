"""The functions that the states of pipelines and releases call: one set for all models."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from infra.data import DataStack
from infra.endpoints import Endpoints
from infra.function import PlatformFunction, Runtime
from infra.grant import Grant
from infra.image import Image
from infra.trials import Trials

LINEAGE = ("GetItem", "Query", "PutItem", "UpdateItem")


class Steps(Construct):
    """Each step's function may do what its own state needs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        data: DataStack,
        endpoints: Endpoints,
        image: Image,
        trials: Trials,
    ) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._data = data
        self._endpoints = endpoints
        self._trials = trials
        self._functions = {
            "ValidateData": self._validate_data(),
            "RegisterVersion": self._register_version(image),
            "TestEndpoint": self._test_endpoint(),
            "MoveRoute": self._move_route(),
            "StartCanary": self._start_canary(),
            "RetireEndpoints": self._retire_endpoints(),
            "RecordFailure": self._record_failure(),
        }

    def arns(self, *names: str) -> dict[str, str]:
        """The ARNs of these functions by the names that infra/workflows/ gives them."""
        return {name: self._functions[name].arn for name in names}

    def invocation(self, *names: str) -> Grant:
        return Grant("lambda", ["InvokeFunction"], list(self.arns(*names).values()))

    def _validate_data(self) -> PlatformFunction:
        # 1769 MB is one whole virtual processor; a gigabyte of CSV is read in one pass well within the time.
        function = self._step("ValidateData", "validate_data", Duration.minutes(15), 1769)
        self._data.grant_track(function)
        self._data.grant_quarantine(function)
        self._data.artifacts.grant(
            function, ["GetObject", "PutObject"], "datasets/*", "A dataset is named by the hash of its content."
        )
        return function

    def _register_version(self, image: Image) -> PlatformFunction:
        function = self._step("RegisterVersion", "register_version", Duration.minutes(2), 512)
        self._data.artifacts.grant(function, ["GetObject"], "runs/*", "One function registers the runs of all models.")
        self._data.artifacts.grant(
            function, ["PutObject"], "versions/*", "One function keeps the evidence of all models' versions."
        )
        self._data.grant_track(function)
        self._data.artifacts.grant(
            function, ["PutObject"], "experiments/*", "One function keeps the files of all models' runs."
        )
        self._endpoints.grant_register(function)
        for grant in image.describe():
            function.allow(grant)
        return function

    def _test_endpoint(self) -> PlatformFunction:
        function = self._step("TestEndpoint", "test_endpoint", Duration.minutes(5))
        self._endpoints.grant_invoke(function)
        return function

    def _move_route(self) -> PlatformFunction:
        function = self._step("MoveRoute", "move_route", Duration.minutes(1))
        self._data.grant_track(function)
        self._data.grant_change_routes(function)
        self._trials.grant(function)
        return function

    def _start_canary(self) -> PlatformFunction:
        function = self._step("StartCanary", "start_canary", Duration.minutes(1))
        self._data.grant_change_routes(function)
        self._trials.grant(function)
        return function

    def _retire_endpoints(self) -> PlatformFunction:
        function = self._step("RetireEndpoints", "retire_endpoints", Duration.minutes(5))
        self._data.grant_change_routes(function)
        self._endpoints.grant_delete(function)
        return function

    def _record_failure(self) -> PlatformFunction:
        function = self._step("RecordFailure", "record_failure", Duration.minutes(2))
        self._data.grant_track(function)
        self._data.grant_change_routes(function)
        self._endpoints.grant_delete(function)
        return function

    def _step(self, construct_id: str, handler: str, timeout: Duration, memory_mb: int = 256) -> PlatformFunction:
        function = PlatformFunction(
            self, construct_id, runtime=self._runtime, handler=handler, timeout=timeout, memory_mb=memory_mb
        )
        self._data.lineage.grant(function, *LINEAGE)
        return function
