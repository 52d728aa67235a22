"""The stack's registry, as the importer fills it: a version has the number that it has at the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from cli.importing.batches import pairs
from cli.importing.destination import DONE, FROM, Destination, texts
from cli.importing.records import RegisteredModel, Version
from heirloom.core.errors import Conflict, NotFound

PROMPT = "mlflow.prompt.is_prompt"
"""The tag of a model that is a prompt. A search has prompts only if it asks for them."""
_ALL = ("", f"tags.`{PROMPT}` = 'true'")


class Registry:
    """Raises the errors of heirloom.core."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination

    def models(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The names and tags of all registered models, prompts too."""
        for asked in _ALL:
            for model in self._found("registered-models/search", "registered_models", asked):
                yield model["name"], texts(model.get("tags"))

    def tags_of(self, name: str) -> dict[str, str] | None:
        """A registered model's tags; None where there is none of this name."""
        try:
            return texts(self._destination.get("registered-models/get", name=name)["registered_model"].get("tags"))
        except NotFound:
            return None

    def create_model(self, name: str, model: RegisteredModel, tags: Mapping[str, str]) -> None:
        """A registered model without versions."""
        body = {"name": name, "description": model.description, "tags": pairs(tags)}

        def find() -> Any | None:
            found = self.tags_of(name)
            return found if found and found.get(FROM) == tags[FROM] else None

        self._destination.make("registered-models/create", body, find)

    def versions(self, name: str, prompt: bool) -> dict[int, Mapping[str, Any]]:
        """A model's versions by their numbers."""
        asked = f"name = '{name}'" + (f" AND {_ALL[1]}" if prompt else "")
        return {int(each["version"]): each for each in self._found("model-versions/search", "model_versions", asked)}

    def create_version(self, name: str, version: Version, body: Mapping[str, Any]) -> None:
        """Make it with its number: those before it that were deleted at the source are made and deleted here, too.

        Raises Conflict where the number is given already.
        """
        while True:
            made = self._destination.post("model-versions/create", {"name": name, **body})["model_version"]
            given = int(made["version"])
            if given == version.number:
                return
            self.delete_version(name, given)
            if given > version.number:
                raise Conflict(f"the number {version.number} was given to another version here, and that is deleted")

    def delete_version(self, name: str, number: int) -> None:
        """Delete a version; its number is not given again."""
        with suppress(NotFound):  # it went the first time, and the answer was lost
            self._destination.post("model-versions/delete", {"name": name, "version": str(number)}, "DELETE")

    def update_version(self, name: str, version: Version, there: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Bring a version's description, tags and stage to what they are at the source."""
        which = {"name": name, "version": str(version.number)}
        if version.description != there.get("description", ""):
            self._destination.post("model-versions/update", {**which, "description": version.description}, "PATCH")
        for key, value in tags.items():
            if texts(there.get("tags")).get(key) != value:
                self._destination.post("model-versions/set-tag", {**which, "key": key, "value": value})
        if version.stage != there.get("current_stage", "None"):
            moved = {**which, "stage": version.stage, "archive_existing_versions": False}
            self._destination.post("model-versions/transition-stage", moved)

    def finish_model(self, name: str, model: RegisteredModel, tags: Mapping[str, str]) -> None:
        """Its description and its aliases; then its tags, the tag DONE as the last one."""
        self._destination.post("registered-models/update", {"name": name, "description": model.description}, "PATCH")
        for alias, number in model.aliases.items():
            self._destination.post("registered-models/alias", {"name": name, "alias": alias, "version": str(number)})
        for key, value in sorted(tags.items(), key=lambda tag: tag[0] == DONE):
            self._destination.post("registered-models/set-tag", {"name": name, "key": key, "value": value})

    def _found(self, path: str, what: str, asked: str) -> Iterator[Mapping[str, Any]]:
        """All results of a search of the registry, which is a GET."""
        token = ""
        while True:
            query = {"filter": asked, "max_results": 100, "page_token": token}
            told = {name: value for name, value in query.items() if value}
            found = self._destination.get(f"{path}?{urlencode(told)}")
            yield from found.get(what, [])
            token = found.get("next_page_token", "")
            if not token:
                return
