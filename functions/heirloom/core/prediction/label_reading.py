"""Taking the labels of a file, a stretch of it a call: the state machine (infra/workflows/labels.asl.json) calls until
it is over.

A first pass finds out whether it is a file of labels at all, and how many rows it has; of one that is not, nothing
counts. Then stretches of SECONDS each are taken, in requests such as POST /feedback takes. Rows of unknown predictions
are put aside: a prediction reaches its table seconds after its answer, so they are tried again, ever later, and what is
unknown still is reported. A stretch that is repeated, after an error or with a second event, counts nothing twice
(labels.py); its rows are ``repeated``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice

from heirloom.core.clock import Clock, stamp
from heirloom.core.dataset.csv_stream import refused
from heirloom.core.errors import Invalid, InvalidData, NotFound, Problem
from heirloom.core.prediction.label_file import LabelFiles, LabelRow, csv_of, rows_of
from heirloom.core.prediction.label_report import DONE, OVER, READING, REFUSED, WAITING, Drop, Report, Share
from heirloom.core.prediction.labels import Taken, take_labels
from heirloom.core.prediction.records import Predictions
from heirloom.core.prediction.told import MOST_LABELS
from heirloom.core.project.recent import RecentProjects
from heirloom.core.release.trial import Answers, Trials
from heirloom.core.storage import Location, Objects

SECONDS = 60
"""A stretch is over with the requests that reach so many."""
AT_ONCE = 4
"""Requests that wait for the table side by side."""
PAUSES = (5, 10, 20, 25)
"""Seconds before unknown rows are tried again: most predictions reach their table within a minute of their answer."""
LARGEST, MOST_ROWS = 256 * 2**20, 2_000_000
"""Bytes and rows of a file: rows that are put aside, which may be all of them, have to fit into the memory."""
_NAMED = re.compile(r"labels\[(\d+)\](?:\.(.+))?", re.DOTALL)


@dataclass(frozen=True)
class Taking:
    """Where labels are kept and counted."""

    projects: RecentProjects
    predictions: Predictions
    trials: Trials
    answers: Answers

    def take(self, model: str, rows: Iterable[LabelRow], now: datetime) -> Taken:
        """As POST /feedback does. Raises Invalid with each problem."""
        document = {"labels": [row.to_document() for row in rows]}
        project = self.projects.get(model)
        return take_labels(model, document, project, self.predictions, self.trials, self.answers, now)


@dataclass(frozen=True)
class Reading:
    """One file, and what it takes to read it."""

    drop: Drop
    taking: Taking
    files: LabelFiles
    objects: Objects
    clock: Clock

    def go_on(self, report: Report | None) -> Report | None:
        """Take the next stretch, and write the result so far; ``report`` is where the last call has ended. None for a
        file that nobody means to be read."""
        if report is None:
            if not self.drop.meant or self._was_read():
                return None
            report = self._begun()
        try:
            report = self._next(report)
        except InvalidData as wrong:
            report = replace(report, state=REFUSED, reason=str(wrong))
        return self._written(replace(report, at=stamp(self.clock())))

    def _was_read(self) -> bool:
        """Whether this very version was read to its end: its event has come again."""
        try:
            told = json.loads(b"".join(self.objects.read(self.drop.result)))
        except NotFound:
            return False
        return bool(told["version_id"] == self.drop.upload.version_id and told["state"] in OVER)

    def _begun(self) -> Report:
        upload, now = self.drop.upload, stamp(self.clock())
        return Report(READING, self.drop.model, upload.key, upload.version_id, os.urandom(4).hex(), now, now)

    def _next(self, report: Report) -> Report:
        if report.state == WAITING:
            return self._try_again(report)
        return self._stretch(report if report.rows else replace(report, rows=self._looked_through()))

    def _looked_through(self) -> int:
        """How many rows there are. Raises InvalidData unless it is a file of labels from end to end."""
        upload, model = self.drop.upload, self.drop.model
        if not model or self.taking.projects.get(model) is None:
            got = f"{model!r}, which is none" if model else "none"
            raise refused("key", "labels/<model>/<file>, with a model that is deployed", f"{upload.key}: {got}")
        if upload.size > LARGEST:
            raise refused("file", f"at most {LARGEST} bytes (cut it into several files)", str(upload.size))
        count = sum(1 for _ in islice(self._rows(), MOST_ROWS + 1))
        if not count:
            raise refused("file", "a header and rows", "no rows")
        if count > MOST_ROWS:
            raise refused("file", f"at most {MOST_ROWS} rows (cut it into several files)", "more")
        return count

    def _rows(self) -> Iterator[LabelRow]:
        try:
            return self.files.rows(self.objects.describe(self.drop.upload.location))
        except NotFound as gone:
            raise InvalidData(f"the file was removed before it was read: {gone}") from gone

    def _stretch(self, report: Report) -> Report:
        rows = islice(self._rows(), report.read, None)
        share, aside, read = self._take_for_a_while(rows)
        report = replace(report, share=report.share + share, read=report.read + read)
        if aside:
            known = self._aside(report)
            report = self._put_aside(report, known + csv_of(aside, header=not known))
        return self._after(report, READING if report.read < report.rows else WAITING)

    def _try_again(self, report: Report) -> Report:
        """Take what was put aside; what there is no time for stays unknown."""
        rows = rows_of(self._aside(report))
        share, aside, read = self._take_for_a_while(rows)
        left = replace(report.share, unknown=report.share.unknown - read)
        report = replace(report, share=left + share, tries=report.tries + 1)
        return self._after(self._put_aside(report, csv_of(chain(aside, rows))), WAITING)

    def _after(self, report: Report, state: str) -> Report:
        tried = report.tries == len(PAUSES) or not report.share.unknown
        return replace(report, state=DONE if state == WAITING and tried else state)

    def _take_for_a_while(self, rows: Iterator[LabelRow]) -> tuple[Share, list[LabelRow], int]:
        """Take rows until the time is over: what became of them, those that are unknown, how many there were."""
        end = self.clock() + timedelta(seconds=SECONDS)
        share, aside, read = Share(), list[LabelRow](), 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while taken := list(islice(rows, AT_ONCE * MOST_LABELS)):
                chunks = [taken[start : start + MOST_LABELS] for start in range(0, len(taken), MOST_LABELS)]
                for part, unknown in pool.map(self._take, chunks):
                    share += part
                    aside += unknown
                read += len(taken)
                if self.clock() >= end:
                    break
        return share, aside, read

    def _take(self, rows: Sequence[LabelRow]) -> tuple[Share, list[LabelRow]]:
        """What became of at most MOST_LABELS rows, and those that are unknown. Wrong rows are left out, and the others
        taken without them."""
        if not rows:
            return Share(), []
        try:
            taken = self.taking.take(self.drop.model, rows, self.drop.moment)
        except Invalid as refusal:
            wrong = problems_by_row(refusal, rows)
            if not wrong:
                raise
            share, unknown = self._take([row for place, row in enumerate(rows) if place not in wrong])
            return Share(wrong=len(wrong), problems=tuple(wrong.values())) + share, unknown
        ids = set(taken.unknown)
        unknown = [row for row in rows if row.id in ids]
        repeated = len(rows) - len(unknown) - taken.accepted - taken.corrected
        return Share(taken.accepted, taken.corrected, repeated, len(unknown)), unknown

    def _aside(self, report: Report) -> bytes:
        """What was put aside so far; a call that died may have added to it."""
        if not report.aside_bytes:
            return b""
        return b"".join(self.objects.read(self.drop.aside(report.token, report.tries)))[: report.aside_bytes]

    def _put_aside(self, report: Report, body: bytes) -> Report:
        self.objects.write(self.drop.aside(report.token, report.tries), body, "text/csv")
        return replace(report, aside_bytes=len(body))

    def _written(self, report: Report) -> Report:
        """Write the result; at the end, the unknown rows go beside it, and what was put aside is hidden."""
        unknown = self.drop.unknown if report.over and report.share.unknown else None
        if unknown:
            self.objects.write(unknown, self._aside(report), "text/csv")
        self.objects.write(self.drop.result, report.to_json(unknown), "application/json")
        if report.over:
            for tries in range(report.tries + 1):
                self._hide(self.drop.aside(report.token, tries))
        return report

    def _hide(self, location: Location) -> None:
        try:
            self.objects.hide(self.objects.describe(location).location)
        except NotFound:
            return


def pause(report: Report) -> int:
    """Seconds until the next call."""
    return PAUSES[report.tries] if report.state == WAITING else 0


def problems_by_row(refusal: Invalid, rows: Sequence[LabelRow]) -> Mapping[int, Problem]:
    """The first problem of each row that a refusal names, by its place; {} when it names none."""
    problems: dict[int, Problem] = {}
    for problem in refusal.problems:
        named = _NAMED.fullmatch(problem.where)
        if named is not None and int(named[1]) < len(rows):
            row = rows[int(named[1])]
            where = f"line {row.line}, {named[2]}" if named[2] else f"line {row.line}"
            got = problem.got or f"id {_short(row.id)} and label {_short(row.label)}"
            problems.setdefault(int(named[1]), Problem(where, problem.expected, got, row.line))
    return problems


def _short(value: object) -> str:
    text = "nothing" if value is None or value == "" else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
