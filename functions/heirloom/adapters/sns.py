"""Announcements on an SNS topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from heirloom.adapters.aws import translated
from heirloom.core.lineage.graph import Document

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SnsAnnouncements:
    """The port Announcements; the topic is its ARN."""

    def __init__(self, client: SNSClient, topic: str) -> None:
        self._client = client
        self._topic = topic

    def publish(self, document: Document) -> None:
        with translated("telling the pager"):
            self._client.publish(TopicArn=self._topic, Message=json.dumps(document, ensure_ascii=False))
