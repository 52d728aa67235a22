"""Evaluation datasets as the client sees them."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.tracking.server import Server


class Shelf(Server):
    """A server with words for datasets. ``loads`` and ``dumps``: what the protocol keeps in texts is plain here."""

    def create(self, name: str = "questions", **given: Any) -> dict[str, Any]:
        tags = {"tags": json.dumps(given.pop("tags"))} if "tags" in given else {}
        return _plain(self.post("datasets/create", name=name, **given, **tags)["dataset"])

    def dataset(self, identity: str) -> dict[str, Any]:
        return _plain(self.get(f"datasets/{identity}")["dataset"])

    def write(self, identity: str, *records: Any) -> tuple[int, int]:
        """How many were new, and how many were not."""
        answer = self.post(f"datasets/{identity}/records", records=json.dumps(records))
        return answer["inserted_count"], answer["updated_count"]

    def page(self, identity: str, **asked: Any) -> tuple[list[dict[str, Any]], str]:
        answer = self.get(f"datasets/{identity}/records", **asked)
        return json.loads(answer["records"]), answer.get("next_page_token", "")

    def records(self, identity: str) -> list[dict[str, Any]]:
        return self.page(identity)[0]

    def remove(self, identity: str, *records: str) -> int:
        body = json.dumps({"dataset_record_ids": records})
        return int(self.ask("DELETE", f"datasets/{identity}/records", body=body)["deleted_count"])

    def delete(self, identity: str) -> dict[str, Any]:
        return self.ask("DELETE", f"datasets/{identity}")

    def tag(self, identity: str, tags: Any) -> dict[str, Any]:
        return self.ask("PATCH", f"datasets/{identity}/tags", body=json.dumps({"tags": json.dumps(tags)}))

    def names(self, **asked: Any) -> list[str]:
        """Of a search."""
        return [each["name"] for each in self.post("datasets/search", **asked).get("datasets", [])]


def _plain(dataset: dict[str, Any]) -> dict[str, Any]:
    texts = {name: json.loads(dataset[name]) for name in ("tags", "schema", "profile") if name in dataset}
    return {**dataset, **texts}
