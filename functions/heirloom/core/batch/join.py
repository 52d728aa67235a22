"""The end of a batch: the parts become one result and one list of failed rows, and every row is accounted for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from heirloom.core.batch.plan import Plan, Receipt, receipt_of
from heirloom.core.errors import Conflict
from heirloom.core.storage import Location, Objects, Stored

RESULT, FAILED, REPORT = "result.csv", "failed.csv", "report.json"
AT_ONCE = 8
"""Receipts that are read side by side: one after the other, those of 10,000 parts take minutes."""


@dataclass(frozen=True)
class Report:
    """What became of a batch. ``asked_seconds`` is the sum over the parts, which are asked side by side."""

    model: str
    version: int
    source: str
    result: str
    failures: str
    rows: int
    answered: int
    failed: int
    parts: int
    requests: int
    asked_seconds: float
    finished_at: str


def join(plan: Plan, objects: Objects, at: str) -> Report:
    """Write result.csv, failed.csv and report.json into the target.

    Raises Conflict when a part is missing, or when rows are missing or there are too many.
    """
    receipts = _receipts(plan, objects)
    report = _report(plan, receipts, at)
    answered, failed = zip(*(_pieces(plan, receipt) for receipt in receipts), strict=True)
    objects.join(answered, Location.from_uri(report.result), "text/csv")
    objects.join(failed, Location.from_uri(report.failures), "text/csv")
    body = json.dumps(asdict(report), indent=2).encode()
    objects.write(Location.from_uri(plan.target + REPORT), body, "application/json")
    return report


def _receipts(plan: Plan, objects: Objects) -> list[Receipt]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda index: _receipt(plan, index, objects), range(plan.parts)))


def _receipt(plan: Plan, index: int, objects: Objects) -> Receipt:
    receipt = receipt_of(plan, index, objects)
    if receipt is None:
        raise Conflict(f"part {index} of {plan.parts} in {plan.folder} is not done: start the batch again")
    return receipt


def _report(plan: Plan, receipts: Sequence[Receipt], at: str) -> Report:
    rows, answered, failed = (sum(getattr(each, name) for each in receipts) for name in ("rows", "answered", "failed"))
    if not plan.rows == rows == answered + failed:
        raise Conflict(
            f"{plan.folder}: of {plan.rows} rows, {rows} were read, {answered} answered and {failed} failed: "
            "delete the folder and start the batch again"
        )
    return Report(
        model=plan.model,
        version=plan.version,
        source=plan.source.location.uri,
        result=plan.target + RESULT,
        failures=plan.target + FAILED,
        rows=rows,
        answered=answered,
        failed=failed,
        parts=plan.parts,
        requests=sum(each.requests for each in receipts),
        asked_seconds=round(sum(each.seconds for each in receipts), 3),
        finished_at=at,
    )


def _pieces(plan: Plan, receipt: Receipt) -> tuple[Stored, Stored]:
    """The two files of a part; nobody writes them again, so their ETags are not asked for."""
    answered, failed, _ = plan.part_files(receipt.index)
    return Stored(answered, "", receipt.answered_bytes), Stored(failed, "", receipt.failed_bytes)
