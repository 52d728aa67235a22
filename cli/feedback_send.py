"""Sending labels: through the API, a request for a thousand, or as a file for the stack to read by itself."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import HTTPClientError

from cli.api import call
from cli.output import Output, size
from cli.ports import Ports
from cli.progress import bar, transfer
from cli.session import Session
from cli.upload import send
from heirloom.core.clock import utc_now
from heirloom.core.errors import Invalid, NotFound, Problem, Unavailable
from heirloom.core.prediction.label_file import LabelRow
from heirloom.core.prediction.label_reading import problems_by_row
from heirloom.core.prediction.label_report import LABELS, OVER, RESULTS, Share
from heirloom.core.prediction.told import MOST_LABELS
from heirloom.core.storage import Location

ATTEMPTS, PAUSE = 4, 2.0
"""Of a request that the API could not answer; seconds between them. A label counts once, however often it is sent."""
LONGEST_PAUSE = 8.0
"""Seconds before unknown labels are sent again; the first pause is one second, and each is twice the one before."""
EVERY = 1.0
"""Seconds between two looks at the result of a file."""
NO_NEWS = 1200.0
"""Seconds without a change of the result after which it is no longer waited for: a function may take 15 minutes."""

Ask = Callable[[list[dict[str, Any]]], dict[str, Any]]
Arrived = Callable[[int], None]


@dataclass(frozen=True)
class Sent:
    """What became of rows; ``unknown`` are those whose predictions nobody knows."""

    share: Share
    unknown: tuple[LabelRow, ...] = ()


def through_api(out: Output, session: Session, model: str, rows: Sequence[LabelRow], wait: float) -> Sent:
    """Send all rows, with a bar; those of unknown predictions again, for ``wait`` seconds."""
    ask = asking(session, model)
    with bar(out.notes, f"labels of {model}", len(rows)) as arrived:
        sent = send_rows(rows, ask, arrived)
    if sent.unknown and wait:
        out.note(f"{len(sent.unknown)} are of unknown predictions: trying again for {wait:.0f} s")
    return until_known(sent, ask, wait)


def asking(session: Session, model: str) -> Ask:
    """What sends labels to the API, and raises the errors of heirloom.core."""

    def ask(labels: list[dict[str, Any]]) -> dict[str, Any]:
        answer: dict[str, Any] = _patiently(session, f"/models/{model}/feedback", labels)
        return answer

    return ask


def until_known(sent: Sent, ask: Ask, wait: float) -> Sent:
    """Send the unknown ones again, ever later, for ``wait`` seconds."""
    deadline, pause = time.monotonic() + wait, 1.0
    while sent.unknown and time.monotonic() + pause <= deadline:
        time.sleep(pause)
        again = send_rows(sent.unknown, ask, lambda _: None)
        sent = Sent(replace(sent.share, unknown=0) + again.share, again.unknown)
        pause = min(2 * pause, LONGEST_PAUSE)
    return sent


def send_rows(rows: Sequence[LabelRow], ask: Ask, arrived: Arrived) -> Sent:
    """Send rows once; ``arrived`` is called with how many each request had."""
    share, unknown = Share(), list[LabelRow]()
    for start in range(0, len(rows), MOST_LABELS):
        chunk = rows[start : start + MOST_LABELS]
        sent = _send(chunk, ask)
        share += sent.share
        unknown += sent.unknown
        arrived(len(chunk))
    return Sent(share, tuple(unknown))


def _send(rows: Sequence[LabelRow], ask: Ask) -> Sent:
    """One request; where it is refused for some rows, another without them."""
    if not rows:
        return Sent(Share())
    try:
        answer = ask([row.to_document() for row in rows])
    except Invalid as refusal:
        wrong = {place: _told(problem) for place, problem in problems_by_row(refusal, rows).items()}
        if not wrong:
            raise
        rest = _send([row for place, row in enumerate(rows) if place not in wrong], ask)
        return Sent(Share(wrong=len(wrong), problems=tuple(wrong.values())) + rest.share, rest.unknown)
    ids = set(answer["unknown"])
    unknown = tuple(row for row in rows if row.id in ids)
    repeated = len(rows) - len(unknown) - answer["accepted"] - answer["corrected"]
    return Sent(Share(answer["accepted"], answer["corrected"], repeated, len(unknown)), unknown)


def _told(problem: Problem) -> Problem:
    """The API says all of a problem in one sentence; which row it is about is known here."""
    return replace(problem, expected=problem.expected.removeprefix("expected ").partition(", got ")[0])


def _patiently(session: Session, path: str, labels: list[dict[str, Any]]) -> Any:
    for _ in range(ATTEMPTS - 1):
        try:
            return call(session, "POST", path, {"labels": labels})
        except (Unavailable, HTTPClientError):
            time.sleep(PAUSE)
    return call(session, "POST", path, {"labels": labels})


def as_file(out: Output, session: Session, model: str, file: Path) -> Location:
    """Upload a file to where the stack reads labels, under a name that no other has; where its result will be."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    name = f"{model}/{utc_now():%Y%m%dT%H%M%S}-{digest}-{file.name}"
    bucket = session.output("DataBucket")
    with transfer(out.notes, file.name, file.stat().st_size) as arrived:
        send(session.client("s3"), bucket, f"{LABELS}{name}", file, arrived)
    out.note(f"uploaded s3://{bucket}/{LABELS}{name} ({size(file.stat().st_size)})")
    return Location(bucket, f"{RESULTS}{name}.result.json")


def await_result(out: Output, ports: Ports, where: Location) -> dict[str, Any]:
    """The result once it is over. Raises Unavailable when there is no news of it."""
    last: dict[str, Any] = {}
    since = time.monotonic()
    with bar(out.notes, "labels", None) as arrived:
        while (found := _result(ports, where)).get("state") not in OVER:
            if found != last:
                arrived(found.get("read", 0) - last.get("read", 0))
                last, since = found, time.monotonic()
            if time.monotonic() - since > NO_NEWS:
                raise Unavailable(f"no news of {where.uri}: see the executions of the stack's machine for labels")
            time.sleep(EVERY)
    return found


def _result(ports: Ports, where: Location) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(b"".join(ports.objects.read(where)))
    except NotFound:
        return {}
    return found
