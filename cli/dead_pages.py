"""Pages that could not be sent: taken from their queue of dead letters and handled again as their function would.

A letter is an event as SNS gave it to the function, or, where it could not be given, the message itself. It is removed
when people were told; one that is not is in the queue again a minute later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.session import Session
from heirloom.core.incident.incident import Incident
from heirloom.core.incident.message import message_of
from heirloom.core.incident.notify import Notifier

SECONDS = 60
"""For which nobody else sees a letter that is being handled."""
AT_ONCE = 10
"""Letters of one call: ReceiveMessage in the API reference."""


@dataclass(frozen=True)
class Letter:
    """One dead letter. ``messages`` are what it was to say, each with the stamp of its publication."""

    id: str
    receipt: str
    messages: tuple[tuple[str, str], ...]


class DeadPages:
    """The queue of the deployment that ``session`` is of."""

    def __init__(self, session: Session) -> None:
        self._queue = session.output("DeadPages")
        self._client = session.client("sqs")

    def letters(self) -> Iterator[Letter]:
        """Those that are there, once each."""
        seen: set[str] = set()
        while found := self._received(seen):
            yield from found

    def remove(self, letter: Letter) -> None:
        """Take it out of the queue."""
        self._client.delete_message(QueueUrl=self._queue, ReceiptHandle=letter.receipt)

    def _received(self, seen: set[str]) -> list[Letter]:
        answer = self._client.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=SECONDS, WaitTimeSeconds=1
        )
        fresh = [each for each in answer.get("Messages", []) if each["MessageId"] not in seen]
        seen.update(each["MessageId"] for each in fresh)
        return [
            Letter(each["MessageId"], each["ReceiptHandle"], tuple(_messages(json.loads(each["Body"]))))
            for each in fresh
        ]


def handle(letter: Letter, notifier: Notifier) -> tuple[Incident, ...]:
    """Tell people what the letter says; the incidents that it was about. Raises Invalid, Denied, Unavailable."""
    return tuple(
        incident
        for text, sent_at in letter.messages
        for incident in notifier.notify(message_of(text, sent_at, notifier.desk.prefix))
    )


def _messages(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    records = body.get("Records", [{"Sns": body}])
    return ((record["Sns"]["Message"], record["Sns"]["Timestamp"]) for record in records)
