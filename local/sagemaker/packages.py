"""Model package groups and model packages: the registry of versions.

AWS pages: "CreateModelPackage", "UpdateModelPackage" (API reference), "Model Registration Deployment".
"""

from __future__ import annotations

import threading
from typing import Any

from local.awsjson import ApiError, Context, Operation, Request
from local.sagemaker.backend import Backend, arn, keep_tags, new_row, not_valid
from local.sagemaker.listing import Listing, list_page
from local.sagemaker.store import Row

GROUPS = Listing("ModelPackageGroupName", "ModelPackageGroupSummaryList", order="Ascending")
PACKAGES = Listing("ModelPackageArn", "ModelPackageSummaryList", order="Ascending")
PENDING = "PendingManualApproval"


class Packages:
    """Packages are kept by ARN: a version has no name of its own."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._groups = backend.store.table("model-package-group")
        self._packages = backend.store.table("model-package")
        self._tokens = backend.store.table("model-package-token")
        self._lock = threading.Lock()  # requests come from the event loop and from executions of Step Functions

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackageGroup": self.create_group,
            "DescribeModelPackageGroup": self.describe_group,
            "ListModelPackageGroups": self.list_groups,
            "DeleteModelPackageGroup": self.delete_group,
            "CreateModelPackage": self.create,
            "DescribeModelPackage": self.describe,
            "ListModelPackages": self.page,
            "UpdateModelPackage": self.update,
            "DeleteModelPackage": self.delete,
        }

    def create_group(self, request: Request, _context: Context) -> dict[str, Any]:
        name = request["ModelPackageGroupName"]
        made = arn("model-package-group", name)
        row = new_row(
            request,
            ModelPackageGroupArn=made,
            ModelPackageGroupStatus="Completed",
            CreatedBy={},
            _latest=0,
        )
        if not self._groups.add(name, row):
            raise not_valid(f"Model Package Group already exists: {made}")
        keep_tags(self._backend, made, request.get("Tags", []))
        return {"ModelPackageGroupArn": made}

    def _group(self, name: str) -> Row:
        short = name.rpartition("/")[2]
        row = self._groups.get(short)
        if row is None:
            raise not_valid(f"ModelPackageGroup {arn('model-package-group', short)} does not exist.")
        return row

    def describe_group(self, request: Request, _context: Context) -> Row:
        return self._group(request["ModelPackageGroupName"])

    def list_groups(self, request: Request, _context: Context) -> dict[str, Any]:
        return list_page(GROUPS, self._groups, request)

    def delete_group(self, request: Request, _context: Context) -> None:
        row = self._group(request["ModelPackageGroupName"])
        name = row["ModelPackageGroupName"]
        if any(package.get("ModelPackageGroupName") == name for package in self._packages):
            raise ApiError(
                "ConflictException",
                f"Model Package Group {row['ModelPackageGroupArn']} cannot be deleted as it still contains Model "
                "Packages.",
            )
        self._groups.remove(name)
        self._backend.store.table("tags").remove(row["ModelPackageGroupArn"])

    def create(self, request: Request, _context: Context) -> dict[str, Any]:
        """A version of a group, or a package with a name. The same ClientToken answers the same package."""
        with self._lock:
            return self._create(request)

    def _create(self, request: Request) -> dict[str, Any]:
        token = request.get("ClientToken")
        if token and (seen := self._tokens.get(token)):
            return {"ModelPackageArn": seen["ModelPackageArn"]}
        group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if (group is None) == (name is None):
            raise not_valid("Either ModelPackageName or ModelPackageGroupName must be given, and not both.")
        identity = self._next_version(group) if group else {"ModelPackageName": name}
        made = arn("model-package", name or f"{identity['ModelPackageGroupName']}/{identity['ModelPackageVersion']}")
        status = request.get("ModelApprovalStatus", PENDING if group else None)
        row = new_row(
            request,
            **identity,
            ModelPackageArn=made,
            ModelPackageStatus="Completed",
            ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
            ModelApprovalStatus=status,
            CreatedBy={},
        )
        if not self._packages.add(made, row):
            raise ApiError("ConflictException", f"Model Package already exists: {made}")
        if token:
            self._tokens.add(token, {"ModelPackageArn": made, "token": token})
        keep_tags(self._backend, made, request.get("Tags", []))
        self._announce(row)
        return {"ModelPackageArn": made}

    def _next_version(self, group: str) -> dict[str, Any]:
        """Versions count up and are never given twice, also when one was deleted."""
        row = self._group(group)
        version = row["_latest"] + 1
        self._groups.update(row["ModelPackageGroupName"], _latest=version)
        return {"ModelPackageGroupName": row["ModelPackageGroupName"], "ModelPackageVersion": version}

    def _package(self, name: str) -> Row:
        made = name if name.startswith("arn:") else arn("model-package", name)
        row = self._packages.get(made)
        if row is None:
            raise not_valid(f"ModelPackage {made} does not exist.")
        return row

    def describe(self, request: Request, _context: Context) -> Row:
        return self._package(request["ModelPackageName"])

    def page(self, request: Request, _context: Context) -> dict[str, Any]:
        group = request.get("ModelPackageGroupName", "").rpartition("/")[2]
        if group:
            self._group(group)
        kind = request.get("ModelPackageType", "Versioned" if group else "Unversioned")
        approval = request.get("ModelApprovalStatus")
        rows = (
            row
            for row in self._packages
            if (not group or row.get("ModelPackageGroupName") == group)
            and kind in ("Both", "Versioned" if "ModelPackageVersion" in row else "Unversioned")
            and approval in (None, row.get("ModelApprovalStatus"))
        )
        return list_page(PACKAGES, rows, request)

    def update(self, request: Request, _context: Context) -> dict[str, Any]:
        row = self._package(request["ModelPackageArn"])
        known = ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelLifeCycle")
        changes = {key: request[key] for key in known if key in request}
        removed = set(request.get("CustomerMetadataPropertiesToRemove", []))
        metadata = {**row.get("CustomerMetadataProperties", {}), **request.get("CustomerMetadataProperties", {})}
        kept = {key: value for key, value in metadata.items() if key not in removed}
        changed = self._packages.update(row["ModelPackageArn"], CustomerMetadataProperties=kept or None, **changes)
        self._announce(changed or row)
        return {"ModelPackageArn": row["ModelPackageArn"]}

    def delete(self, request: Request, _context: Context) -> None:
        row = self._package(request["ModelPackageName"])
        self._packages.remove(row["ModelPackageArn"])
        for seen in self._tokens:
            if seen["ModelPackageArn"] == row["ModelPackageArn"]:
                self._tokens.remove(seen["token"])
        self._backend.store.table("tags").remove(row["ModelPackageArn"])

    def _announce(self, row: Row) -> None:
        detail = {key: value for key, value in row.items() if not key.startswith("_")}
        for key in ("CreationTime", "LastModifiedTime"):
            detail[key] = int(detail[key] * 1000)
        self._backend.telemetry.event("SageMaker Model Package State Change", detail, row["ModelPackageArn"])
