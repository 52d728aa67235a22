"""Models, endpoint configurations and endpoints: the control plane of hosting."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from local.awsjson import Context, Operation, Request
from local.sagemaker.backend import Backend, arn, check_role, keep_tags, new_row, not_valid
from local.sagemaker.listing import Listing, list_page
from local.sagemaker.serving import DeployError, Deployment, Plan
from local.sagemaker.store import Row, Table

ENDPOINTS = Listing("EndpointName", "Endpoints", "EndpointStatus")


class Named:
    """The four verbs that models and endpoint configurations share."""

    def __init__(self, backend: Backend, kind: str, noun: str, prefix: str, check: Callable[[Request], None]) -> None:
        self._backend, self._kind, self._noun, self._prefix, self._check = backend, kind, noun, prefix, check
        self.table: Table = backend.store.table(kind)
        self._listing = Listing(f"{prefix}Name", f"{prefix}s")

    def operations(self) -> dict[str, Operation]:
        prefix = self._prefix
        return {
            f"Create{prefix}": self.create,
            f"Describe{prefix}": self.describe,
            f"List{prefix}s": self.page,
            f"Delete{prefix}": self.delete,
        }

    def create(self, request: Request, _context: Context) -> dict[str, Any]:
        name = request[f"{self._prefix}Name"]
        made = arn(self._kind, name)
        self._check(request)
        if not self.table.add(name, new_row(request, **{f"{self._prefix}Arn": made})):
            raise not_valid(f'Cannot create already existing {self._noun} "{made}".')
        keep_tags(self._backend, made, request.get("Tags", []))
        return {f"{self._prefix}Arn": made}

    def find(self, name: str) -> Row:
        row = self.table.get(name)
        if row is None:
            raise not_valid(f'Could not find {self._noun} "{arn(self._kind, name)}".')
        return row

    def describe(self, request: Request, _context: Context) -> Row:
        return self.find(request[f"{self._prefix}Name"])

    def page(self, request: Request, _context: Context) -> dict[str, Any]:
        return list_page(self._listing, self.table, request)

    def delete(self, request: Request, _context: Context) -> None:
        row = self.find(request[f"{self._prefix}Name"])
        self.table.remove(row[f"{self._prefix}Name"])
        self._backend.store.table("tags").remove(row[f"{self._prefix}Arn"])


def _check_model(request: Request) -> None:
    if ("PrimaryContainer" in request) == ("Containers" in request):
        raise not_valid("You must provide either PrimaryContainer or Containers, and not both.")
    if len(request.get("Containers", [])) > 1:
        raise not_valid("The embedded AWS runs models of one container; this one has an inference pipeline.")
    if "ExecutionRoleArn" in request:
        check_role(request["ExecutionRoleArn"])


class Hosting:
    """Endpoints, and the models and configurations that they are made of."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.models = Named(backend, "model", "model", "Model", _check_model)
        self.configs = Named(backend, "endpoint-config", "endpoint configuration", "EndpointConfig", self._check_config)
        self._table = backend.store.table("endpoint")

    def operations(self) -> dict[str, Operation]:
        return {
            **self.models.operations(),
            **self.configs.operations(),
            "CreateEndpoint": self.create,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.page,
            "UpdateEndpoint": self.update,
            "UpdateEndpointWeightsAndCapacities": self.reweigh,
            "DeleteEndpoint": self.delete,
        }

    def _check_config(self, request: Request) -> None:
        variants = request["ProductionVariants"]
        if len({variant["VariantName"] for variant in variants}) < len(variants):
            raise not_valid("Production variant names must be unique.")
        for variant in variants:
            self.models.find(variant["ModelName"])
            _check_variant(variant)

    def create(self, request: Request, _context: Context) -> dict[str, Any]:
        name = request["EndpointName"]
        made = arn("endpoint", name)
        config = self.configs.find(request["EndpointConfigName"])
        plans = self._plans(config)
        row = new_row(request, EndpointArn=made, EndpointStatus="Creating", _plans=plans)
        if not self._table.add(name, row):
            raise not_valid(f'Cannot create already existing endpoint "{made}".')
        keep_tags(self._backend, made, request.get("Tags", []))
        self._announce(row)
        self._in_background(partial(self._deploy, name, config["EndpointConfigName"], plans))
        return {"EndpointArn": made}

    def describe(self, request: Request, _context: Context) -> Row:
        name = request["EndpointName"]
        row = self._table.get(name)
        if row is None:
            raise not_valid(f'Could not find endpoint "{arn("endpoint", name)}".')
        return row

    def page(self, request: Request, _context: Context) -> dict[str, Any]:
        return list_page(ENDPOINTS, self._table, request)

    def update(self, request: Request, context: Context) -> dict[str, Any]:
        """Start the new variants beside the old ones, which serve until the new ones do ("UpdateEndpoint")."""
        row = self._settled(request, context)
        if row["EndpointStatus"] == "Failed":
            raise not_valid(f'Cannot update endpoint "{row["EndpointArn"]}" in status Failed: it can only be deleted.')
        config = self.configs.find(request["EndpointConfigName"])
        plans = self._plans(config)
        if request.get("RetainAllVariantProperties"):
            plans = [_retained(plan, row) for plan in plans]
        self._set(row["EndpointName"], EndpointStatus="Updating", FailureReason=None)
        self._in_background(partial(self._deploy, row["EndpointName"], config["EndpointConfigName"], plans))
        return {"EndpointArn": row["EndpointArn"]}

    def reweigh(self, request: Request, context: Context) -> dict[str, Any]:
        row = self._settled(request, context)
        wanted = {item["VariantName"]: item for item in request["DesiredWeightsAndCapacities"]}
        unknown = wanted.keys() - {summary["VariantName"] for summary in row.get("ProductionVariants", [])}
        if unknown:
            raise not_valid(f'The variant name(s) "{", ".join(sorted(unknown))}" is/are not present.')
        summaries = [
            _reweighed(summary, wanted.get(summary["VariantName"], {})) for summary in row["ProductionVariants"]
        ]
        self._set(row["EndpointName"], ProductionVariants=summaries)
        if deployment := self._backend.deployments.get(row["EndpointArn"]):
            deployment.weights = {item["VariantName"]: item["CurrentWeight"] for item in summaries}
        return {"EndpointArn": row["EndpointArn"]}

    def delete(self, request: Request, context: Context) -> None:
        row = self._settled(request, context)
        self._set(row["EndpointName"], EndpointStatus="Deleting")
        self._in_background(partial(self._remove, row))

    def restore(self) -> None:
        """After a restart: start the processes of each endpoint again, of an update that was cut short the old ones."""
        for row in self._backend.left(self._table):
            name = row["EndpointName"]
            if row["EndpointStatus"] == "Deleting":
                self._remove(row)
            elif row["EndpointStatus"] != "Failed":
                self._set(name, EndpointStatus="Creating" if row["EndpointStatus"] == "Creating" else "SystemUpdating")
                self._in_background(partial(self._deploy, name, row["EndpointConfigName"], row["_plans"]))

    def _settled(self, request: Request, context: Context) -> Row:
        row = self.describe(request, context)
        if row["EndpointStatus"] in ("Creating", "Updating", "SystemUpdating", "Deleting"):
            raise not_valid(f'Cannot update in-progress endpoint "{row["EndpointArn"]}".')
        return row

    def _plans(self, config: Row) -> list[Plan]:
        """All that the processes need, so that a model may be deleted while its endpoint serves."""
        plans: list[Plan] = []
        for variant in config["ProductionVariants"]:
            model = self.models.find(variant["ModelName"])
            definition = model.get("PrimaryContainer") or model["Containers"][0]
            if package := definition.get("ModelPackageName"):
                definition = {**self._packaged(package), **definition}
            role = model.get("ExecutionRoleArn") or config.get("ExecutionRoleArn", "")
            plans.append({"variant": variant, "container": definition, "role": role})
        return plans

    def _packaged(self, package: str) -> dict[str, Any]:
        """The container of a model package, by its ARN."""
        row = self._backend.store.table("model-package").get(package)
        if row is None or not row.get("InferenceSpecification"):
            raise not_valid(f"Model Package {package} does not exist, or has no InferenceSpecification.")
        return dict(row["InferenceSpecification"]["Containers"][0])

    def _deploy(self, name: str, config_name: str, plans: list[Plan]) -> None:
        endpoint = arn("endpoint", name)
        made = Deployment(name, plans, self._backend)
        try:
            made.start()
        except DeployError as failure:
            made.stop()
            if self._backend.fleet.closing:
                return
            old = self._backend.deployments.get(endpoint)
            self._set(name, EndpointStatus="InService" if old else "Failed", FailureReason=str(failure))
            return
        old = self._backend.deployments.get(endpoint)
        self._backend.deployments[endpoint] = made
        summaries = [summary(plan) for plan in plans]
        changed = self._set(
            name,
            EndpointStatus="InService",
            EndpointConfigName=config_name,
            ProductionVariants=summaries,
            FailureReason=None,
            _plans=plans,
        )
        if old is not None:
            old.stop()
        if changed is None:  # deleted meanwhile
            self._backend.deployments.pop(endpoint).stop()

    def _remove(self, row: Row) -> None:
        if deployment := self._backend.deployments.pop(row["EndpointArn"], None):
            deployment.stop()
        self._table.remove(row["EndpointName"])
        self._backend.store.table("tags").remove(row["EndpointArn"])

    def _set(self, name: str, **changes: Any) -> Row | None:
        row = self._table.update(name, **changes)
        if row is not None:
            self._announce(row)
        return row

    def _announce(self, row: Row) -> None:
        detail = {key: value for key, value in row.items() if not key.startswith("_")}
        # The event has the status in capitals with underscores: IN_SERVICE.
        detail["EndpointStatus"] = "".join(f"_{c}" if c.isupper() else c for c in row["EndpointStatus"])[1:].upper()
        for key in ("CreationTime", "LastModifiedTime"):
            detail[key] = int(detail[key] * 1000)
        self._backend.telemetry.event("SageMaker Endpoint State Change", detail, row["EndpointArn"])

    def _in_background(self, task: Callable[[], None]) -> None:
        threading.Thread(target=contextvars.copy_context().run, args=(task,), name="endpoint", daemon=True).start()


def _check_variant(variant: dict[str, Any]) -> None:
    serverless = variant.get("ServerlessConfig")
    if (serverless is None) == ("InstanceType" not in variant and "InstancePools" not in variant):
        raise not_valid(
            f"Production variant {variant['VariantName']} needs either an InstanceType or a ServerlessConfig."
        )
    if serverless and serverless["MemorySizeInMB"] % 1024:
        raise not_valid("MemorySizeInMB must be one of 1024, 2048, 3072, 4096, 5120, 6144.")


def summary(plan: Plan) -> dict[str, Any]:
    """A variant as DescribeEndpoint shows it."""
    variant = plan["variant"]
    weight = variant.get("InitialVariantWeight", 1.0)
    image = plan["container"].get("Image", "")
    made = {
        "VariantName": variant["VariantName"],
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": time.time()}],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if "ServerlessConfig" in variant:
        config = variant["ServerlessConfig"]
        return {**made, "CurrentServerlessConfig": config, "DesiredServerlessConfig": config, "CurrentInstanceCount": 0}
    count = variant.get("InitialInstanceCount", 1)
    return {**made, "CurrentInstanceCount": count, "DesiredInstanceCount": count}


def _retained(plan: Plan, row: Row) -> Plan:
    """With the weight and the instances that the endpoint's variant of this name has now, if it has one."""
    for now in row.get("ProductionVariants", []):
        if now["VariantName"] == plan["variant"]["VariantName"]:
            kept = {"InitialVariantWeight": now["CurrentWeight"], "InitialInstanceCount": now["CurrentInstanceCount"]}
            return {**plan, "variant": {**plan["variant"], **kept}}
    return plan


def _reweighed(given: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    weight = wanted.get("DesiredWeight", given["CurrentWeight"])
    count = wanted.get("DesiredInstanceCount", given.get("CurrentInstanceCount"))
    changed = {**given, "CurrentWeight": weight, "DesiredWeight": weight}
    return changed if count is None else {**changed, "CurrentInstanceCount": count, "DesiredInstanceCount": count}
