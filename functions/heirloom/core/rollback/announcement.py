"""What people are told when a breach was acted on: it is resolved, or it needs them. For the pager's topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from heirloom.core.lineage.graph import Document


@dataclass(frozen=True)
class Announcement:
    """``breach`` is the id under which the incident is known, ``text`` a sentence, ``evidence`` plain JSON."""

    kind: Literal["resolved", "escalated"]
    breach: str
    model: str
    text: str
    evidence: Mapping[str, Any]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, told from an alarm's message by the key ``heirloom``."""
        rest = {"breach": self.breach, "model": self.model, "text": self.text, "evidence": dict(self.evidence)}
        return {"heirloom": self.kind, **rest}


class Announcements(Protocol):
    """Tells whoever calls people. At least once; raises NotFound, Denied or Unavailable."""

    def publish(self, document: Document) -> None:
        """Tell it."""
