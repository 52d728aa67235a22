"""Forgetting the index of an experiment that is cleared away: it has no runs any more."""

from __future__ import annotations

from heirloom.core.tracking.documents import Documents
from heirloom.core.tracking.index.manifest import MANIFESTS, Manifest, columns_of
from heirloom.core.tracking.index.open_runs import partition_of_marks
from heirloom.core.tracking.index.places import partitions_of_places


def forget(experiment: str, documents: Documents) -> None:
    """Drop its columns, places and marks, and last the manifest, which says what columns there are."""
    known = documents.get(MANIFESTS, experiment)
    manifest = Manifest.of(known)
    for block in manifest.known():
        documents.drop(columns_of(experiment, block))
    for partition in (*partitions_of_places(experiment), partition_of_marks(experiment)):
        documents.drop(partition)
    if known:
        documents.write(gone=[known])
