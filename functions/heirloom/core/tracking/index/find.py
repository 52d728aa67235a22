"""Finding runs: the open ones by their documents, all others by the columns of their blocks.

The marks are read first and the manifests after them: a run that is packed in between is in both, and counts once, as
the open run that it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from heirloom.core.tracking.documents import Data, Document, Documents
from heirloom.core.tracking.experiments import ACTIVE, ALL, STAGES, stages
from heirloom.core.tracking.ids import EXPERIMENTS, is_run_id, of_experiment, partition_of_run
from heirloom.core.tracking.index.block_search import Part, Question, columnar, search_block
from heirloom.core.tracking.index.cells import column_id, drawn_at, ids_id
from heirloom.core.tracking.index.manifest import MANIFESTS, Manifest, Place, columns_of
from heirloom.core.tracking.index.open_runs import partition_of_marks
from heirloom.core.tracking.index.places import places_of
from heirloom.core.tracking.run import row
from heirloom.core.tracking.search.filter import Filter
from heirloom.core.tracking.search.kinds import ATTRIBUTE, IN
from heirloom.core.tracking.search.order import Order
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Tracking

Picked = Iterable[tuple[Part, Sequence[int]]]
"""Rows of parts."""


@dataclass(frozen=True)
class Hit:
    """A run that was asked for; ``stage`` is its experiment's, ``data`` is there where it was read already."""

    run: str
    row: Row
    stage: str
    data: Data | None = None


@dataclass(frozen=True)
class _Scope:
    """Where is searched: the experiments that there are, in their stages, and the stages that are ``shown``."""

    experiments: Mapping[str, str]
    manifests: Mapping[str, Manifest]
    shown: Collection[str]

    def shows(self, run: Data) -> bool:
        """Whether the experiment is searched, and the run is in such a stage, in which its experiment may put it."""
        stage = self.experiments.get(run["info"]["experiment_id"])
        return stage is not None and (run["info"]["lifecycle_stage"] if stage == ACTIVE else stage) in self.shown

    def stages(self, experiment: str) -> Collection[str]:
        """The stages of their own in which runs of this experiment are shown."""
        stage = self.experiments[experiment]
        if stage == ACTIVE:
            return self.shown
        return STAGES[ALL] if stage in self.shown else ()


def find(ids: Sequence[str], view: str, wanted: Filter, order: Order, most: int, tracking: Tracking) -> list[Hit]:
    """The runs of these experiments that are asked for, in order: all of them, or at least the first ``most``."""
    documents, shown = tracking.documents, stages(view)
    named = _named(wanted)
    if named is not None:
        scope, read = _scope(ids, shown, documents), _read(named, documents)
        return order.sort(_hits(read, scope, wanted), _row)
    marks = list(documents.of_all([partition_of_marks(each) for each in dict.fromkeys(ids)]))
    scope = _scope(ids, shown, documents)
    opened = [mark.id for mark in marks]
    parts = list(_parts(scope, _open_rows(marks, scope, documents), Question.of(wanted, order), tracking))
    doubted = _ids_of([(part, part.unsure) for part in parts], tracking).values()
    hits = list(_hits(_read([*opened, *doubted], documents), scope, wanted))
    return order.sort([*hits, *_leading(hits, parts, scope, order, most, tracking)], _row)


def data_of(hits: Sequence[Hit], documents: Documents) -> list[tuple[Data, str]]:
    """The runs of these hits as they are now, in their order, each with the stage of its experiment; without those that
    are gone meanwhile."""
    unread = {data["info"]["run_id"]: data for data in _read([hit.run for hit in hits if hit.data is None], documents)}
    found = ((hit.data or unread.get(hit.run), hit.stage) for hit in hits)
    return [(data, stage) for data, stage in found if data is not None]


def _named(wanted: Filter) -> list[str] | None:
    """The runs that the filter names by their ids, if it does: no others need to be looked at."""
    for term in wanted.terms:
        if (term.entity, term.key) == (ATTRIBUTE, "run_id") and term.comparator in ("=", IN):
            return [str(term.value)] if term.comparator == "=" else list(term.value)  # type: ignore[arg-type] # of IN
    return None


def _scope(ids: Sequence[str], shown: Collection[str], documents: Documents) -> _Scope:
    found = documents.get_many([(partition, each) for each in ids for partition in (EXPERIMENTS, MANIFESTS)])
    experiments = {
        each: found[EXPERIMENTS, each].data["lifecycle_stage"] for each in ids if (EXPERIMENTS, each) in found
    }
    return _Scope(experiments, {each: Manifest.of(found.get((MANIFESTS, each))) for each in experiments}, shown)


def _read(runs: Iterable[str], documents: Documents) -> list[Data]:
    keys = [(partition_of_run(run), run) for run in runs if is_run_id(run)]
    return [document.data for document in documents.get_many(keys).values()]


def _hits(runs: Iterable[Data], scope: _Scope, wanted: Filter) -> Iterator[Hit]:
    for run in runs:
        its_row = row(run)
        if scope.shows(run) and wanted.holds(its_row):
            yield Hit(run["info"]["run_id"], its_row, scope.experiments[run["info"]["experiment_id"]], run)


def _open_rows(
    marks: Iterable[Document], scope: _Scope, documents: Documents
) -> Mapping[tuple[str, str], Collection[int]]:
    """By experiment and block, the rows of runs that are open."""
    rows: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for experiment, manifest in scope.manifests.items():
        if manifest.blocks:
            runs = [mark.id for mark in marks if mark.partition == partition_of_marks(experiment)]
            for block, number in (place for at in places_of(experiment, runs, documents).values() for place in at):
                rows[experiment, block].append(number)
    return rows


def _parts(
    scope: _Scope, open_rows: Mapping[tuple[str, str], Collection[int]], asked: Question, tracking: Tracking
) -> Iterator[Part]:
    blocks = [(each, block) for each, manifest in scope.manifests.items() for block in manifest.blocks]
    shown = [(each, block, its) for each, block in blocks if ACTIVE in (its := scope.stages(each)) or block.deleted]
    rows = {
        (columns_of(each, block.id), column_id(*name)): block.rows
        for each, block, _ in shown
        for name in asked.names(block)
    }
    read = tracking.recalled.columns(rows, tracking.documents)
    for each, block, its in shown:
        columns = {name: read[columns_of(each, block.id), column_id(*name)] for name in asked.names(block)}
        yield search_block(each, block, open_rows.get((each, block.id), ()), columns, asked, its)


def _leading(
    hits: Sequence[Hit], parts: Sequence[Part], scope: _Scope, order: Order, most: int, tracking: Tracking
) -> list[Hit]:
    """Of the rows of blocks those that can be among the first ``most``; their ids need not be read of the others."""
    first = order.keys[0]
    name = (first.entity, first.key)
    picked: list[tuple[Part, Sequence[int]]] = [(part, part.rows) for part in parts]
    if columnar(*name):
        of_parts = [part.values(name) for part in parts]
        leads = order.leading([*(order.first(hit.row) for hit in hits), *chain.from_iterable(of_parts)], most)
        picked = [(part, leads(part.rows, values)) for part, values in zip(parts, of_parts, strict=True)]
    ids = _ids_of(picked, tracking)
    return [
        Hit(run, part.row(run, number), scope.experiments[part.experiment])
        for part, rows in picked
        for number in rows
        for run in [ids[part.experiment, (part.block.id, number)]]
    ]


def _ids_of(picked: Picked, tracking: Tracking) -> Mapping[tuple[str, Place], str]:
    """The ids of these rows' runs, by experiment and place."""
    places = [(part.experiment, (part.block.id, number)) for part, rows in picked for number in rows]
    keys = {(each, place): (columns_of(each, place[0]), ids_id(place[1])) for each, place in places}
    ids = tracking.recalled.ids(keys.values(), tracking.documents)
    return {(each, place): of_experiment(each) + drawn_at(ids[key], place[1]) for (each, place), key in keys.items()}


def _row(hit: Hit) -> Row:
    return hit.row
