"""The trials on DynamoDB, in the table of the predictions: an item a trial, and one for each batch it has counted.

A batch and its counts are written in one transaction, so a batch that is delivered again changes nothing. Its marker
goes after a month, when nothing delivers it any more; the trial stays. Access patterns: docs/data-model.md.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.clock import Clock, utc_now
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.release.trial import Arm, Rules, Tally, Trial
from heirloom.core.release.verdict import Verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
MARKER_SECONDS = 30 * 24 * 3600
_ARMS = ("champion", "canary")
_COUNTS = tuple(field.name for field in fields(Arm))
# CancellationReasons of TransactWriteItems (API reference): another write was at the same items, or the table is full.
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_ATTEMPTS = 10
_LONGEST_WAIT = 1.0


class DynamoTrials:
    """The port Trials on a table with the keys ``id`` and ``part``, whose time to live is ``expires``."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._sleep = sleep

    def open(self, trial: Trial) -> Trial:
        update = {
            "UpdateExpression": "SET #token = :token, #trial = if_not_exists(#trial, :trial)",
            "ExpressionAttributeNames": {"#token": "token", "#trial": "trial"},
            "ExpressionAttributeValues": {":token": {"S": trial.token}, ":trial": {"S": _facts(trial)}},
            "ReturnValues": "ALL_NEW",
        }
        written = self._update(f"opening the trial of {trial.release}", trial.release, update)
        return _trial(trial.release, written["Attributes"])

    def get(self, release: str) -> Trial | None:
        with translated(f"reading the trial of {release}"):
            found = self._client.get_item(TableName=self._table, Key=_key(release), ConsistentRead=True)
        item = found.get("Item")
        return _trial(release, item) if item else None

    def count(self, release: str, batch: str, delta: Tally) -> Trial | None:
        what = f"counting batch {batch} of {release}"
        writes = [{"Put": self._marker(release, batch)}, {"Update": self._addition(release, delta)}]
        self._insist(what, lambda: self._transacted(what, writes))
        return self.get(release)

    def decide(self, release: str, verdict: Verdict) -> Verdict:
        update = {
            "UpdateExpression": "SET #verdict = :verdict",
            "ConditionExpression": "attribute_exists(id) AND attribute_not_exists(#verdict)",
            "ExpressionAttributeNames": {"#verdict": "verdict"},
            "ExpressionAttributeValues": {":verdict": {"S": json.dumps(asdict(verdict), ensure_ascii=False)}},
        }
        try:
            self._update(f"deciding the trial of {release}", release, update)
        except Conflict as decided:
            trial = self.get(release)
            if trial is None or trial.verdict is None:
                raise NotFound(f"there is no trial of {release}") from decided
            return trial.verdict
        return verdict

    def _marker(self, release: str, batch: str) -> Item:
        """A batch that was counted; on the condition that it was not yet."""
        part = f"batch#{hashlib.blake2b(batch.encode(), digest_size=16).hexdigest()}"
        expires = int(self._clock().timestamp()) + MARKER_SECONDS
        return {
            "TableName": self._table,
            "Item": {**_key(release), "part": {"S": part}, "expires": {"N": str(expires)}},
            "ConditionExpression": "attribute_not_exists(id)",
        }

    def _addition(self, release: str, delta: Tally) -> Item:
        """The counts, on the condition that there is the trial."""
        return {
            "TableName": self._table,
            "Key": _key(release),
            "UpdateExpression": "ADD " + ", ".join(f"{arm}_{name} :{arm}_{name}" for arm in _ARMS for name in _COUNTS),
            "ConditionExpression": "attribute_exists(id)",
            "ExpressionAttributeValues": {
                f":{arm}_{name}": {"N": str(getattr(getattr(delta, arm), name))} for arm in _ARMS for name in _COUNTS
            },
        }

    def _transacted(self, what: str, writes: Any) -> None:
        """All of the writes, or none where a condition does not hold. Raises _Busy.

        boto3 sends a token with them, so a retry after a lost answer does not meet its own marker.
        """
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
                if reasons & _PASSING:
                    raise _Busy from error
                if "ConditionalCheckFailed" not in reasons:
                    raise

    def _update(self, what: str, release: str, update: Any) -> Any:
        def write() -> Any:
            with translated(what):
                try:
                    return self._client.update_item(TableName=self._table, Key=_key(release), **update)
                except self._client.exceptions.TransactionConflictException as error:
                    raise _Busy from error

        return self._insist(what, write)

    def _insist(self, what: str, write: Callable[[], Any]) -> Any:
        """Write again, ever later, while others write the trial: all batches count in one item. Raises Unavailable."""
        for attempt in range(_ATTEMPTS):
            try:
                return write()
            except _Busy:
                self._sleep(random.uniform(0, min(_LONGEST_WAIT, 0.02 * 2**attempt)))  # noqa: S311 - no secret
        raise Unavailable(f"{what}: others were at the same trial {_ATTEMPTS} times")


class _Busy(Exception):
    """Another transaction is at the same item; DynamoDB lets one through."""


def _key(release: str) -> Item:
    return {"id": {"S": f"trial#{release}"}, "part": {"S": "trial"}}


def _facts(trial: Trial) -> str:
    """What does not change of a trial."""
    names = ("model", "champion", "challenger", "started_at")
    return json.dumps({**{name: getattr(trial, name) for name in names}, "rules": asdict(trial.rules)})


def _trial(release: str, item: Item) -> Trial:
    facts = json.loads(item["trial"]["S"])
    arms = {arm: Arm(**{name: _number(item, f"{arm}_{name}") for name in _COUNTS}) for arm in _ARMS}
    verdict = Verdict(**json.loads(item["verdict"]["S"])) if "verdict" in item else None
    return Trial(
        release=release,
        **{**facts, "rules": Rules(**facts["rules"])},
        token=item["token"]["S"],
        tally=Tally(**arms),
        verdict=verdict,
    )


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
