"""AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from typing import Any

from local.awsjson import Context, Operation, Request
from local.sagemaker.backend import Backend, keep_tags, not_valid


class Tags:
    """The operations on the tags of any resource."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._table = backend.store.table("tags")

    def operations(self) -> dict[str, Operation]:
        return {"AddTags": self.add, "ListTags": self.page, "DeleteTags": self.delete}

    def add(self, request: Request, _context: Context) -> dict[str, Any]:
        keep_tags(self._backend, self._known(request), request["Tags"])
        return {"Tags": self._shown(request["ResourceArn"])}

    def page(self, request: Request, _context: Context) -> dict[str, Any]:
        """All of them: a resource has 50 at most, and that is the smallest page that AWS gives."""
        return {"Tags": self._shown(self._known(request))}

    def delete(self, request: Request, _context: Context) -> None:
        resource = self._known(request)
        kept = {key: value for key, value in self._given(resource).items() if key not in request["TagKeys"]}
        self._table.update(resource, Tags=kept)

    def _known(self, request: Request) -> str:
        resource = str(request["ResourceArn"])
        if self._table.get(resource) is None:
            raise not_valid(f"Could not find resource {resource}.")
        return resource

    def _given(self, resource: str) -> dict[str, str]:
        return dict((self._table.get(resource) or {"Tags": {}})["Tags"])

    def _shown(self, resource: str) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in self._given(resource).items()]
