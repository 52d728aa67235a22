"""Packing: an experiment's runs that have ended leave the open ones for a block of columns. Started by what marks them.

As in a log-structured merge tree a new block takes in the newest ones that are no larger than it, so that an experiment
has few, and each run is packed some five times. https://en.wikipedia.org/wiki/Log-structured_merge-tree

The order is what keeps searches exact: columns, then where each run is, then the manifest, which makes the block count,
and last the marks go. One at a time packs an experiment; who dies over it is taken over from after ``LONGEST``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from heirloom.core.errors import Conflict
from heirloom.core.tracking.documents import Document, Documents
from heirloom.core.tracking.ids import of_experiment, partition_of_run
from heirloom.core.tracking.index.cells import IDS_TOGETHER, Cells, all_drawn, ids_id
from heirloom.core.tracking.index.manifest import MANIFESTS, Block, Manifest, Place, Retired, columns_of
from heirloom.core.tracking.index.open_runs import has_ended, partition_of_marks
from heirloom.core.tracking.index.places import place_key, places_of
from heirloom.core.tracking.tracking import Tracking

LONGEST = 15 * 60 * 1000
"""Milliseconds that packing takes at most: a function of Lambda may not run longer."""
KEPT = 10 * 60 * 1000
"""Milliseconds after which nobody reads a retired block any more."""
ROUNDS = 100
_AT_ONCE = 256
_TOGETHER = 100  # of a transaction


@dataclass(frozen=True)
class Sizes:
    """``least``: ended runs that are worth a block; until then a search reads them one by one. ``most``: the rows of a
    block, which may be fewer, since with about so many ``cells``, or values, it has to fit in memory."""

    least: int = 256
    most: int = 8192
    cells: int = 4_000_000


USUAL = Sizes()


@dataclass(frozen=True)
class _Work:
    """``taken`` are the blocks that the new one takes the place of; ``marks`` all those of open runs, by run; with more
    than so many ``cells`` a block is large."""

    experiment: str
    held: Document
    manifest: Manifest
    block: str
    marks: Mapping[str, Document]
    ended: Sequence[str]
    taken: Sequence[Block]
    cells: int


def pack(experiment: str, tracking: Tracking, sizes: Sizes = USUAL) -> int:
    """Pack what has ended, as long as there is enough of it; how many runs have left the open ones."""
    packed = 0
    for _ in range(ROUNDS):
        marks = {mark.id: mark for mark in tracking.documents.of(partition_of_marks(experiment))}
        ended = [run for run, mark in marks.items() if mark.data["ended"]][: sizes.most]
        if len(ended) < sizes.least:
            break
        work = _begin(experiment, marks, ended, tracking, sizes)
        if work is None:
            break  # somebody else is at it, and looks again afterwards
        packed += _finish(work, tracking)
    return packed


def _begin(
    experiment: str, marks: Mapping[str, Document], ended: Sequence[str], tracking: Tracking, sizes: Sizes
) -> _Work | None:
    """Take the manifest, which nobody else may then change; None where somebody has it."""
    documents, now = tracking.documents, tracking.now
    known = documents.get(MANIFESTS, experiment)
    manifest = Manifest.of(known)
    if manifest.making and manifest.making.at > now:
        return None
    abandoned = (replace(manifest.making, at=now),) if manifest.making else ()
    block = f"{now:x}-{tracking.draw()[:8]}"
    mine = replace(manifest, retired=(*manifest.retired, *abandoned), making=Retired(block, now + LONGEST))
    held = (known or Document(MANIFESTS, experiment, {})).with_data(mine.to_document())
    try:
        documents.write(held)
    except Conflict:
        return None
    taken = _taken(manifest.blocks, len(ended), sizes)
    return _Work(experiment, replace(held, revision=held.revision + 1), mine, block, marks, ended, taken, sizes.cells)


def _taken(blocks: Sequence[Block], rows: int, sizes: Sizes) -> list[Block]:
    """The newest blocks, as long as each is no larger than what there is already."""
    taken: list[Block] = []
    cells = 0
    for block in reversed(blocks):
        cells += block.cells
        if block.alive > rows or rows + block.alive > sizes.most or cells > sizes.cells:
            break
        taken.append(block)
        rows += block.alive
    return taken


def _finish(work: _Work, tracking: Tracking) -> int:
    documents = tracking.documents
    before = _before(work, documents)
    cells, ended = _cells(list(before), work, documents)
    if cells.runs:
        documents.put_columns(columns_of(work.experiment, work.block), cells.columns())
    places = places_of(work.experiment, ended, documents)
    counted = {block.id: block for block in work.manifest.blocks}
    old = {run: [place for place in at if place[0] in counted] for run, at in places.items()}
    now = {run: (work.block, row) for row, run in enumerate(cells.runs)}
    documents.put(*(_placed(run, place, old, before, work) for run, place in now.items()))
    _commit(work, cells, old, now, tracking)
    _release([work.marks[run] for run in ended], documents)
    return len(ended)


def _before(work: _Work, documents: Documents) -> dict[str, Place]:
    """The runs that still count in the blocks that are taken, and where they are."""
    start = of_experiment(work.experiment)
    keys = [
        (columns_of(work.experiment, block.id), ids_id(row))
        for block in reversed(work.taken)
        for row in range(0, block.rows, IDS_TOGETHER)
    ]
    ids = documents.get_columns(keys)
    dead = {(block.id, row) for block in work.taken for row in block.dead}
    found: dict[str, Place] = {}
    for block in reversed(work.taken):
        of_block = columns_of(work.experiment, block.id)
        parts = [ids[of_block, ids_id(row)] for row in range(0, block.rows, IDS_TOGETHER)]
        drawn = [each for part in parts for each in all_drawn(part)]
        found |= {start + each: (block.id, row) for row, each in enumerate(drawn) if (block.id, row) not in dead}
    return found


def _cells(before: Sequence[str], work: _Work, documents: Documents) -> tuple[Cells, list[str]]:
    """The rows of those that are there, have ended, and are not open for another reason; and which that had ended were
    looked at, since some are left for the next block where it has become large."""
    cells, looked_at, chosen, known = Cells(), list[str](), set(work.ended), set(before)
    runs = [*before, *(run for run in work.ended if run not in known)]
    for start in range(0, len(runs), _AT_ONCE):
        if start >= len(before) and cells.cells > work.cells:
            break
        keys = [(partition_of_run(run), run) for run in runs[start : start + _AT_ONCE]]
        found = documents.get_many(keys)
        looked_at += [run for _, run in keys if run in chosen]
        for key in keys:
            if key in found and has_ended(found[key].data) and (key[1] in chosen or key[1] not in work.marks):
                cells.add(found[key].data)
    return cells, looked_at


def _placed(
    run: str, place: Place, old: Mapping[str, Sequence[Place]], before: Mapping[str, Place], work: _Work
) -> Document:
    """Until the manifest is written it counts where it was: both places are told."""
    was = old.get(run, [before[run]] if run in before else [])
    return Document(*place_key(work.experiment, run), {"at": [place, *was]})


def _commit(
    work: _Work, cells: Cells, old: Mapping[str, Sequence[Place]], now: Mapping[str, Place], tracking: Tracking
) -> None:
    taken = {block.id for block in work.taken}
    dead: dict[str, set[int]] = {}
    for block, row in (place for at in old.values() for place in at if place[0] not in taken):
        dead.setdefault(block, set()).add(row)
    kept = [block for block in work.manifest.without_dead(dead) if block.id not in taken]
    made = [Block(work.block, len(now), cells.cells, cells.deleted)] if now else []
    at = tracking.now
    gone = [each for each in work.manifest.retired if each.at + KEPT < at]
    left = [each for each in work.manifest.retired if each not in gone] + [Retired(each, at) for each in sorted(taken)]
    manifest = Manifest((*kept, *made), tuple(left))
    tracking.documents.write(work.held.with_data(manifest.to_document()))
    for each in gone:
        tracking.documents.drop(columns_of(work.experiment, each.id))


def _release(marks: Sequence[Document], documents: Documents) -> None:
    """Take the marks away; one that has come again meanwhile stays: its run has changed since."""
    for start in range(0, len(marks), _TOGETHER):
        together = marks[start : start + _TOGETHER]
        try:
            documents.write(gone=together)
        except Conflict:
            _release_each(together, documents)


def _release_each(marks: Iterable[Document], documents: Documents) -> None:
    for each in marks:
        with suppress(Conflict):  # changed meanwhile: it stays open
            documents.write(gone=[each])
