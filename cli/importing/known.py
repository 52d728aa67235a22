"""Which run and which logged model of the stack is which one of the source, and what the source's URIs are here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from cli.importing.destination import Placed
from cli.importing.options import Names

PARENT = "mlflow.parentRunId"
_VERSIONS, _EXPERIMENTS = "mlflow.modelVersions", "_mlflow_experiment_ids"
_PLACE = re.compile(r"/([^/]+)/artifacts(?:/(.*))?$")
"""MLflow keeps the files of a run in <experiment>/<run>/artifacts, those of a logged model below <model>/artifacts."""
_LOGGED, _OF_RUN = re.compile(r"models:/+(m-[^/@]+)$"), re.compile(r"runs:/+([^/]+)(?:/(.*))?$")


class Known:
    """By what they are called at the source. Filled while the import begins, read by all threads afterwards."""

    def __init__(self, uri: str, names: Names) -> None:
        self._uri, self._names = uri, names
        self.experiments: dict[str, str] = {}
        self.runs: dict[str, Placed] = {}
        self.models: dict[str, Placed] = {}

    def origin(self, key: str) -> str:
        """What the tag FROM says of something that is called ``key`` at the source."""
        return f"{self._uri}#{key}".replace("'", "%27")  # it is searched for, in single quotes

    def add_runs(self, found: Iterable[Placed]) -> None:
        """Those that came from this source."""
        self.runs.update(self._ours(found))

    def add_models(self, found: Iterable[Placed]) -> None:
        """Those that came from this source."""
        self.models.update(self._ours(found))

    def tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """A thing's tags as they are here: what they name is what it has become."""
        known = dict(tags)
        if PARENT in known and known[PARENT] in self.runs:
            known[PARENT] = self.runs[known[PARENT]].id
        if _VERSIONS in known:
            versions = [{**each, "name": self._names.of(each["name"])} for each in json.loads(known[_VERSIONS])]
            known[_VERSIONS] = json.dumps(versions)
        if _EXPERIMENTS in known:
            known[_EXPERIMENTS] = ",".join(self.experiments.get(key, key) for key in known[_EXPERIMENTS].split(","))
        return known

    def uri(self, uri: str) -> str | None:
        """Where the files of what was imported are now; None for all other URIs."""
        if found := _LOGGED.match(uri):
            return f"models:/{self.models[found[1]].id}" if found[1] in self.models else None
        found = _OF_RUN.match(uri) or _PLACE.search(uri)
        placed = found and (self.runs.get(found[1]) or self.models.get(found[1]))
        return "/".join(filter(None, (placed.place, found[2]))) if found and placed else None

    def _ours(self, found: Iterable[Placed]) -> dict[str, Placed]:
        start = self.origin("")
        return {each.origin.removeprefix(start): each for each in found if each.origin.startswith(start)}
