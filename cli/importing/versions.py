"""Carry out the registry's part of a plan, model by model, version by version in the order of their numbers.

A version that fails ends its model: the next one would get its number. All is taken up again by the next import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from cli.importing.destination import DONE, FROM, Destination, texts
from cli.importing.known import Known
from cli.importing.plan import RegistryTarget
from cli.importing.records import Version, digest
from cli.importing.registry import PROMPT, Registry
from cli.importing.tally import IMPORTED, REGISTERED, UNCHANGED, VERSIONS, Tally
from cli.importing.transfer import created
from heirloom.core.errors import Conflict, HeirloomError
from heirloom.core.tracking.repeated import TOKEN

Copy = Callable[[str, str], None]
"""Copies the files of a place at the source to below a URI."""
OF_THE_SERVER = ("", "file", "mlflow-artifacts")
"""Schemes of places that only the source itself can reach: their files are copied."""


class Versions:
    """Fills the registry."""

    def __init__(
        self, registry: Registry, destination: Destination, known: Known, tally: Tally, copy: Copy | None
    ) -> None:
        self._registry, self._destination, self._known = registry, destination, known
        self._tally, self._copy = tally, copy

    def carry_out(self, target: RegistryTarget) -> None:
        """One registered model."""
        model, count = target.model, len(target.model.versions)
        if target.there is not None and target.there.get(DONE) == digest(model):
            self._tally.count(REGISTERED, UNCHANGED)
            self._tally.count(VERSIONS, UNCHANGED, count)
            return
        origin = self._known.origin(model.name)
        tags = {**self._known.tags(model.tags), FROM: origin, **created(model.created)}
        try:
            if target.there is None:
                self._registry.create_model(target.name, model, tags)
            self._fill(target)
            self._registry.finish_model(target.name, model, {**tags, DONE: digest(model)})
        except HeirloomError as error:
            self._tally.fail(REGISTERED, model.name, str(error))
            return
        self._tally.count(REGISTERED, IMPORTED)

    def _fill(self, target: RegistryTarget) -> None:
        """All versions. Raises the error of the first one that fails."""
        name, versions = target.name, target.model.versions
        there = self._registry.versions(name, PROMPT in target.model.tags)
        for number, each in list(there.items()):
            # One that was to become a gap, and was left when an import broke off.
            origin = texts(each.get("tags")).get(FROM, "")
            if self._is_ours(origin, target) and origin != self._origin(target, number):
                self._registry.delete_version(name, number)
                del there[number]
        for place, version in enumerate(versions):
            try:
                self._version(target, version, there.get(version.number))
            except HeirloomError as error:
                self._tally.fail(VERSIONS, f"{name} {version.number}", str(error), len(versions) - place)
                raise

    def _version(self, target: RegistryTarget, version: Version, there: Mapping[str, Any] | None) -> None:
        origin = self._origin(target, version.number)
        tags = {**self._known.tags(version.tags), FROM: origin, **created(version.created)}
        if there is not None and texts(there.get("tags")).get(FROM) != origin:
            raise Conflict(f"version {version.number} of {target.name!r} was made here")
        if there is None:
            run = self._known.runs.get(version.run)
            body = {
                "source": self._source(target, version),
                "run_id": run.id if run else "",
                "run_link": version.run_link,
                "description": version.description,
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
                TOKEN: origin,
            }
            self._registry.create_version(target.name, version, body)
            there = {"description": version.description, "tags": body["tags"]}
        self._registry.update_version(target.name, version, there, tags)
        self._tally.count(VERSIONS, IMPORTED)

    def _source(self, target: RegistryTarget, version: Version) -> str:
        """Where the version's files are from now on: with what was imported, where they are, or in a copy."""
        for uri in (version.source, version.place):
            if (imported := self._known.uri(uri)) is not None:
                return imported
        if PROMPT in target.model.tags or urlsplit(version.place).scheme not in OF_THE_SERVER:
            return version.place
        place = f"{self._destination.artifact_root()}/registered/{target.name}/{version.number}"
        if self._copy is not None:
            self._copy(version.place, place)
        return place

    def _origin(self, target: RegistryTarget, number: int) -> str:
        return f"{self._known.origin(target.model.name)}/{number}"

    def _is_ours(self, origin: str, target: RegistryTarget) -> bool:
        return origin.startswith(f"{self._known.origin(target.model.name)}/")
